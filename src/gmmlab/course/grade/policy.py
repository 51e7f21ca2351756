"""What lateness and guessing cost, and which attempt counts: applied to judged points, so nothing is judged again.

Days are counted by the clock on the wall of the course: who hands in at 23:50, a day after 23:59, is one day late,
whether or not the clocks were put back that night. A begun day counts as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

LATEST, BEST, IN_TIME = "latest", "best", "before the due date"
ATTEMPTS = (LATEST, BEST, IN_TIME)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Late:
    """What lateness costs.

    Attributes
    ----------
    percent_per_day : float
        Part of the points that each begun day costs.
    grace : timedelta
        How late still counts as in time; who is later is late from the due date on.
    most_percent : float
        The most that lateness costs.
    late_days : int
        Days that each student may be late for nothing, over all notebooks, in the order of their due dates.
    """

    percent_per_day: float = 0.0
    grace: timedelta = timedelta()
    most_percent: float = 100.0
    late_days: int = 0


@dataclass(frozen=True)
class Guessing:
    """What trying one letter after the other costs in an exercise where one of several answers is chosen.

    Attributes
    ----------
    percent_per_try : float
        Part of the exercise's points that each answer costs, beyond those that are free.
    free_tries : int
        Different answers that cost nothing.
    """

    percent_per_try: float = 0.0
    free_tries: int = 2

    def lost(self, tries: int) -> float:
        """Return the part of an exercise's points that so many different answers cost."""
        return min(self.percent_per_try * max(tries - self.free_tries, 0), 100) / 100


class Tried(NamedTuple):
    """An attempt: its points, when it was handed in, and whether the LMS marks it as late."""

    points: float
    when: datetime | None = None
    is_late: bool | None = None


class Verdict(NamedTuple):
    """Which attempt counts, how many days it is late, how many of them are free, and the part of the points lost."""

    attempt: int
    days: int = 0
    free: int = 0
    lost: float = 0.0


def days_late(tried: Tried, due: datetime | None, grace: timedelta = timedelta()) -> int:
    """Return how many days something is late; one where the LMS says that it is late, and nobody says how much."""
    if due is None:
        return 0
    if tried.when is None:
        return int(bool(tried.is_late))
    late = tried.when.replace(tzinfo=None) - due.astimezone(tried.when.tzinfo).replace(tzinfo=None)
    return 0 if late <= max(grace, timedelta()) else -(-late // _DAY)


def decide(attempts: Sequence[Tried], due: datetime | None, late: Late, left: int, rule: str = LATEST) -> Verdict:
    """Say which attempt counts, and what its lateness costs.

    Parameters
    ----------
    attempts : sequence of Tried
        At least one, the latest last.
    due : datetime or None
        With the student's extension; None if there is no due date.
    late : Late
        What lateness costs.
    left : int
        How many of the student's late days are left.
    rule : str
        One of `ATTEMPTS`. Where none came before the due date, the least late one counts.
    """
    verdicts = [_verdict(number, days_late(one, due, late.grace), late, left) for number, one in enumerate(attempts)]
    if rule == BEST:
        return max(verdicts, key=lambda v: (attempts[v.attempt].points * (1 - v.lost), -v.days, v.attempt))
    return min(verdicts, key=lambda v: (v.days, -v.attempt)) if rule == IN_TIME else verdicts[-1]


def _verdict(number: int, days: int, late: Late, left: int) -> Verdict:
    free = min(days, max(left, 0))
    return Verdict(number, days, free, min(late.percent_per_day * (days - free), late.most_percent, 100) / 100)


def in_words(verdict: Verdict, is_exact: bool = True) -> str:
    """Say what lateness cost; nothing where something came in time."""
    if not verdict.days:
        return ""
    days = f"{verdict.days} day{'s' if verdict.days > 1 else ''} late"
    known = "" if is_exact else " at least, as the LMS marks it"
    free = f", {verdict.free} of them free" if verdict.free else ""
    return f"{days}{known}{free}: {100 * verdict.lost:.10g}% off"
