"""Whatever is handed in, the others' grades stay what they are, and honest answers keep theirs."""

import csv
import os
import re
import shutil
import time

import pytest

from course.attacks.stored import ATTACKS, NAME, SCRIPT
from course.grade.classroom import answer, lab_notebook, to_bytes
from gmmlab.course.grade.whole_class import grade_class

pytestmark = pytest.mark.slow

HONEST = {
    "honest-1": lambda: lab_notebook(),
    "honest-2": lambda: answer(answer(lab_notebook(), "fit-2", "a"), "fit-1"),
    "honest-3": lambda: answer(lab_notebook(), "fit-2", {"full": 4, "tied": 9, "diag": 6, "spherical": 10}),
}

each_attack = pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in ATTACKS])


def hand_in(root, names):
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / NAME).write_bytes(to_bytes(HONEST[name]()))
        os.utime(root / name / NAME, (1e9, 1e9))  # when it was handed in


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade three honest students alone, and then together with every attacker."""
    root = tmp_path_factory.mktemp("class")
    hand_in(root / "before", HONEST)
    shutil.copytree(root / "before", root / "after")  # handed in at the same time
    for attack in ATTACKS:
        (root / "after" / attack.student).mkdir()
        attack.write(root / "after" / attack.student)
    start = time.monotonic()
    for name in ("before", "after"):
        grade_class(root / name, root / f"{name}-out", jobs=1)
    return root, time.monotonic() - start


def rows(root, name):
    return {row["student"].lstrip("'"): row for row in table(root / f"{name}-out" / "grades.csv")}


def shown(student):
    """Return a name as a table shows it."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in student)


@pytest.mark.parametrize("name", HONEST)
def test_attackers_change_nothing_for_honest_students(graded, name):
    before, after = (rows(graded[0], run)[name] for run in ("before", "after"))
    assert {**after, "flags": ""} == {**before, "flags": ""}


@pytest.mark.parametrize("name", HONEST)
def test_pages_of_honest_students_are_the_same(graded, name):
    pages = [graded[0] / f"{run}-out" / "feedback" / name / "03_fit_mixture.html" for run in ("before", "after")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


@each_attack
def test_attacker_earns_what_the_honest_answers_earn(graded, attack):
    row = rows(graded[0], "after")[shown(attack.student)]
    assert row["03_fit_mixture"] == ("" if attack.points is None else f"{attack.points:g}")


@each_attack
def test_what_happened_is_said_in_words(graded, attack):
    row = rows(graded[0], "after")[shown(attack.student)]
    problems = table(graded[0] / "after-out" / "problems.csv")
    reasons = [p["reason"] for p in problems if p["student"].lstrip("'") == shown(attack.student)]
    assert attack.said in " | ".join([row["status"], row["flags"], *reasons])


def test_every_attacker_has_a_row(graded):
    assert set(rows(graded[0], "after")) == {*HONEST, *(shown(attack.student) for attack in ATTACKS)}


def test_the_run_ends_in_bounded_time(graded):
    assert graded[1] < 1800


def test_nothing_that_was_handed_in_has_run(graded):
    assert not list(graded[0].rglob("OWNED*"))


def test_nothing_was_written_into_the_submissions(graded):
    made = {attack.student for attack in ATTACKS} | set(HONEST)
    assert {path.name for path in (graded[0] / "after").iterdir()} == made
    assert len(list((graded[0] / "after" / "honest-1").iterdir())) == 1


def test_no_page_holds_anything_active(graded):
    for path in (graded[0] / "after-out").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        tags = re.findall(r"<[^>]*>", page)
        active = [
            t for t in tags if re.match(r"<\s*(script|iframe|svg|object|embed|form|base|link|input|button)\b", t, re.I)
        ]
        handlers = [t for t in tags if re.search(r"\s(on\w+|srcdoc|action)\s*=", re.sub(r'"[^"]*"', '""', t), re.I)]
        assert active == handlers == [], path


def test_pages_name_no_address_that_a_browser_would_load(graded):
    for path in (graded[0] / "after-out").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert set(re.findall(r'\bsrc="([a-z]+:[a-z]+/[a-z]+)', page)) <= {"data:image/png"}
        assert not re.findall(r'href="(?!https?://|feedback/)', page)
        assert "Content-Security-Policy\" content=\"default-src 'none'" in page


def test_no_cell_of_a_table_begins_like_a_formula(graded):
    for name in ("grades.csv", "problems.csv"):
        for row in table(graded[0] / "after-out" / name):
            assert [value for value in row.values() if value[:1] in {*"=+-@＝＋－＠\t\r"}] == []


def test_script_in_a_name_is_shown_as_text(graded):
    report = (graded[0] / "after-out" / "report.html").read_text(encoding="utf-8")
    assert SCRIPT not in report
    assert "&lt;script&gt;document.title=" in report
