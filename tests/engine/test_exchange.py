"""Mixtures learn from their neighbours, and from sound ones only."""

from dataclasses import replace

import numpy as np
import pytest

from gmmlab.engine import exchange
from gmmlab.engine.accelerated import accelerated_em
from gmmlab.engine.exchange import confirmed, learn_from, teachers
from gmmlab.engine.parameters import Parameters, Result
from gmmlab.engine.spaces import Sample
from gmmlab.engine.starts import from_starts


def alone(sample: Sample, k: int) -> list[Result]:
    return from_starts(sample, k, ["full"])["full"]


@pytest.mark.parametrize("other", [3, 4, 6])
def test_a_poor_mixture_learns_from_one_with_components_less_or_more(other, rows_of_six):
    sample = Sample(rows_of_six, 20, 0)
    V, good = sample.rows["whitened"], alone(sample, 5)[0]
    near = np.zeros((5, 2)) + 0.01 * np.arange(5)[:, None]  # all five components start, and end, about the middle
    poor = accelerated_em(V, Parameters(np.full(5, 0.2), near, np.tile(np.eye(2), (5, 1, 1)), "full"), 40, 1e-5)
    assert poor.mean_log_likelihood < good.mean_log_likelihood - 0.05
    learnt = learn_from(sample, [poor], [alone(sample, other)[0].parameters], 0)[0]
    assert learnt.mean_log_likelihood > good.mean_log_likelihood - 0.01


def test_a_mixture_learns_from_halves_where_no_component_can_be_added(monkeypatch, rows_of_six):
    monkeypatch.setattr(exchange, "ROWS_TRIED", 0)
    sample = Sample(rows_of_six, 20, 0)
    whole = [from_starts(sample, 1, ["full"])["full"][0].parameters]
    two = Parameters(np.full(2, 0.5), np.zeros((2, 2)), np.tile(np.eye(2), (2, 1, 1)), "full")
    same = accelerated_em(sample.rows["whitened"], two, 40, 1e-5)  # two components in one place are one
    learnt = learn_from(sample, [same], whole, 0)[0]
    assert learnt.mean_log_likelihood > same.mean_log_likelihood + 0.05


def test_what_many_starts_reach_is_not_confirmed_where_dense_rows_lead_higher(six_clumps):
    sample = Sample(six_clumps, 20, 0)
    two, three = alone(sample, 2), alone(sample, 3)
    assert two[0].replicated
    assert three[0].replicated
    assert confirmed(sample, two)[0].mean_log_likelihood >= two[0].mean_log_likelihood
    assert confirmed(sample, three) == []  # all starts end 600 below the best in log-likelihood


def test_nothing_is_learnt_from_degenerate_mixtures(rows_of_six):
    sample = Sample(rows_of_six, 20, 0)
    sound, other = alone(sample, 5)[0], alone(sample, 4)[0]
    assert teachers(sample, [sound, replace(other, fault="It collapsed.")]) == [sound]


def test_a_good_mixture_stays_the_best(rows_of_six):
    sample = Sample(rows_of_six, 40, 0)
    good = alone(sample, 6)
    assert learn_from(sample, good, [alone(sample, 7)[0].parameters], 0)[0] is good[0]
