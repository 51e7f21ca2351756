"""Grade thousands of mutated notebooks: none may crash the grader, hang it, or earn more than there is.

    python tests/course/grade/fuzz.py [CASES] [SEED]

Prints how many came out with which status, the slowest one, and every failure with the seed that makes it again.
"""

import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from course.grade.mutants import mutant, small
from gmmlab.course.grade.workers import Mode, Work, grade_one
from gmmlab.exercises import exercises


def main(cases: int = 5_000, seed: int = 0) -> int:
    names = list(dict.fromkeys(ex.notebook for ex in exercises()))
    notebooks = {name: small(name) for name in names}
    possible = {ex.id: ex.points for ex in exercises()}
    seen, failures, slowest = Counter(), 0, (0.0, "")
    for case in range(cases):
        name = names[case % len(names)]
        content = mutant(notebooks[name], random.Random(f"{seed}-{case}"))
        start = time.process_time()
        try:
            result, _ = grade_one(Work("key", content, Mode()), hard=False)
            assert all(0 <= one.points <= possible[id] for id, one in result.exercises.items())
            assert result.status in ("ok", "unreadable"), result.status
            seen[result.status] += 1
        except Exception as error:
            failures += 1
            print(f"case {seed}-{case} ({name}): {type(error).__name__}: {error}")
        slowest = max(slowest, (time.process_time() - start, f"{seed}-{case} ({name})"))
    print(f"{cases} mutated notebooks: {dict(seen)}, {failures} failures; slowest {slowest[0]:.2f} s CPU: {slowest[1]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
