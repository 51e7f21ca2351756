"""What lateness costs: more for who is later, never more than the most, and nothing before the due date."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gmmlab.course.grade.policy import (
    ATTEMPTS,
    BEST,
    IN_TIME,
    LATEST,
    Guessing,
    Late,
    Tried,
    days_late,
    decide,
    in_words,
)

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
DAY = timedelta(days=1)

points = st.floats(0, 20)
delays = st.timedeltas(timedelta(days=-30), timedelta(days=30))
days = st.integers(0, 5)
rules = st.sampled_from(ATTEMPTS)
lates = st.builds(
    Late,
    percent_per_day=st.floats(0, 100),
    grace=st.timedeltas(timedelta(), timedelta(days=2)),
    most_percent=st.floats(0, 100),
    late_days=days,
)
tries = st.lists(st.builds(lambda p, d: Tried(p, DUE + d), points, delays), min_size=1, max_size=5)


def net(attempts, due, late, left, rule=LATEST):
    verdict = decide(attempts, due, late, left, rule)
    return attempts[verdict.attempt].points * (1 - verdict.lost)


@given(points, delays, delays, lates, days)
def test_who_is_later_never_has_more(own, one, other, late, left):
    sooner, later = sorted((one, other))
    assert net([Tried(own, DUE + later)], DUE, late, left) <= net([Tried(own, DUE + sooner)], DUE, late, left)


@given(tries, lates, days, rules)
def test_no_more_is_lost_than_the_most(attempts, late, left, rule):
    verdict = decide(attempts, DUE, late, left, rule)
    assert 0 <= verdict.lost <= late.most_percent / 100
    assert 0 <= verdict.free <= min(verdict.days, left)


@given(points, delays, st.timedeltas(timedelta(), timedelta(days=30)), lates, days)
def test_an_extension_is_a_later_due_date(own, delay, extension, late, left):
    moved = decide([Tried(own, DUE + extension + delay)], DUE + extension, late, left)
    assert moved == decide([Tried(own, DUE + delay)], DUE, late, left)
    assert net([Tried(own, DUE + delay)], DUE + extension, late, left) >= net(
        [Tried(own, DUE + delay)], DUE, late, left
    )


@given(tries, lates, days)
def test_best_is_at_least_any_other_rule(attempts, late, left):
    assert net(attempts, DUE, late, left, BEST) >= max(net([one], DUE, late, left) for one in attempts)


@given(tries, lates, days)
def test_one_that_came_in_time_counts_under_that_rule(attempts, late, left):
    in_time = [k for k, one in enumerate(attempts) if not days_late(one, DUE, late.grace)]
    assume(in_time)
    verdict = decide(attempts, DUE, late, left, IN_TIME)
    assert (verdict.attempt, verdict.lost) == (in_time[-1], 0)


@given(tries, lates, days, rules)
def test_more_late_days_cost_nobody_anything(attempts, late, left, rule):
    assert net(attempts, DUE, late, left + 1, rule) >= net(attempts, DUE, late, left, rule)


@given(tries, lates, days, rules)
def test_without_a_due_date_nothing_is_late(attempts, late, left, rule):
    assert decide(attempts, None, late, left, rule)[1:] == (0, 0, 0)


@pytest.mark.parametrize(
    ("delay", "grace", "expected"),
    [
        (-DAY, timedelta(), 0),
        (timedelta(), timedelta(), 0),
        (timedelta(seconds=1), timedelta(), 1),
        (timedelta(minutes=15), timedelta(minutes=15), 0),
        (timedelta(minutes=16), timedelta(minutes=15), 1),
        (DAY, timedelta(), 1),
        (DAY + timedelta(minutes=1), timedelta(minutes=15), 2),
    ],
)
def test_a_begun_day_counts_and_grace_is_all_or_nothing(delay, grace, expected):
    assert days_late(Tried(1, DUE + delay), DUE, grace) == expected


def test_days_are_counted_by_the_clock_on_the_wall():
    due = datetime(2026, 10, 24, 23, 59, tzinfo=BERLIN)  # the clocks are put back in the night
    assert days_late(Tried(1, datetime(2026, 10, 25, 23, 50, tzinfo=BERLIN)), due) == 1
    assert days_late(Tried(1, datetime(2026, 10, 24, 23, 50, tzinfo=BERLIN)), due.astimezone(UTC)) == 0


def test_late_without_a_time_is_a_day():
    assert [days_late(Tried(1, None, mark), DUE) for mark in (True, False, None)] == [1, 0, 0]


def test_guessing_costs_what_is_beyond_the_free_tries_and_never_more_than_all():
    assert [Guessing(40).lost(tries) for tries in (0, 1, 2, 3, 4, 5, 10_000)] == [0, 0, 0, 0.4, 0.8, 1, 1]
    assert Guessing().lost(10_000) == 0


def test_words():
    late = Late(percent_per_day=10, most_percent=50, late_days=1)
    verdict = decide([Tried(4, DUE + 2.5 * DAY)], DUE, late, 1)
    assert in_words(verdict) == "3 days late, 1 of them free: 20% off"
    assert in_words(decide([Tried(4, None, True)], DUE, late, 0), False) == (
        "1 day late at least, as the LMS marks it: 10% off"
    )
    assert in_words(decide([Tried(4, DUE)], DUE, late, 0)) == ""
