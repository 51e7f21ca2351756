"""Answers to the exercises of notebook 10: right ones written differently, and wrong ones seen in students' code."""

from itertools import permutations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import softmax

from exercises.case import right, wrong


@right("check-1")
def counted_in_loops():
    def p_values(observed, simulated):
        counts = [sum(value >= limit for value in column) for limit, column in zip(observed, simulated.T, strict=True)]
        return [(1 + count) / (1 + len(simulated)) for count in counts]

    return p_values


@right("check-1")
def the_observed_row_put_on_top():
    return lambda observed, simulated: (np.vstack([observed, simulated]) >= observed).mean(axis=0)


@right("check-1")
def one_minus_the_share_below():
    return lambda observed, simulated: 1 - pd.DataFrame(simulated).lt(observed).sum() / (len(simulated) + 1)


@wrong("check-1", "observed-left-out")
def the_share_alone():
    return lambda observed, simulated: pd.DataFrame(simulated >= observed).mean()


@right("check-2")
def distances_of_scipy():
    def matched_errors(weights, means, original):
        table = []
        for w, m in zip(weights, means, strict=True):
            _, order = linear_sum_assignment(cdist(original, m, "sqeuclidean"))
            table.append(w[order])
        return pd.DataFrame(table).std()

    return matched_errors


@right("check-2")
def plain_distances_of_scipy():
    def matched_errors(weights, means, original):
        orders = [linear_sum_assignment(cdist(original, m))[1] for m in means]
        return np.std(np.take_along_axis(weights, np.array(orders), axis=1), axis=0, ddof=1)

    return matched_errors


@right("check-2")
def all_orders_tried():
    def matched_errors(weights, means, original):
        rows = []
        for w, m in zip(weights, means, strict=True):
            orders = [list(p) for p in permutations(range(len(m)))]
            rows.append(w[min(orders, key=lambda p: ((m[p] - original) ** 2).sum())])
        return np.std(rows, axis=0, ddof=1)

    return matched_errors


@wrong("check-2", "not-one-to-one")
def nearest_in_a_loop():
    def matched_errors(weights, means, original):
        rows = [w[cdist(original, m).argmin(axis=1)] for w, m in zip(weights, means, strict=True)]
        return np.std(rows, axis=0, ddof=1)

    return matched_errors


@right("check-3")
def a_loop_that_stops():
    def choose_k(observed, simulated, level):
        for k, (value, column) in enumerate(zip(observed, simulated.T, strict=True), start=1):
            if (1 + np.sum(column >= value)) / (1 + len(column)) > level:
                return k
        return len(observed) + 1

    return choose_k


@right("check-3")
def rejections_in_a_row():
    def choose_k(observed, simulated, level):
        p = (1 + (simulated >= observed).sum(axis=0)) / (1 + len(simulated))
        return 1 + int(np.cumprod(p <= level).sum())

    return choose_k


@right("check-3")
def the_first_place_kept():
    def choose_k(observed, simulated, level):
        p = (1 + (simulated >= observed).sum(axis=0)) / (1 + len(simulated))
        kept = np.flatnonzero([*(p > level), True])
        return kept[0] + 1

    return choose_k


@wrong("check-3", "rejections-counted")
def all_rejections():
    return lambda observed, simulated, level: (
        1
        + sum(
            (1 + (simulated[:, j] >= observed[j]).sum()) / (1 + len(simulated)) <= level for j in range(len(observed))
        )
    )


@right("check-4")
def row_by_row():
    def noise_step(densities, weights, volume):
        total = np.zeros(len(weights))
        for row in densities:
            joint = weights * np.append(row, 1 / volume)
            total += joint / joint.sum()
        return total / len(densities)

    return noise_step


@right("check-4")
def the_last_weight_is_the_rest():
    def noise_step(densities, weights, volume):
        gaussian = densities * weights[:-1]
        shares = gaussian / (gaussian.sum(axis=1) + weights[-1] / volume)[:, None]
        return np.append(shares.mean(axis=0), 1 - shares.mean(axis=0).sum())

    return noise_step


@right("check-4")
def in_logarithms():
    def noise_step(densities, weights, volume):
        table = np.log(np.c_[densities, np.full(len(densities), 1 / volume)]) + np.log(weights)
        return softmax(table, axis=1).mean(axis=0)

    return noise_step


@wrong("check-4", "volume-for-density")
def a_column_of_the_volume():
    def noise_step(densities, weights, volume):
        joint = np.c_[densities, np.full(len(densities), volume)] * weights
        return (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)

    return noise_step
