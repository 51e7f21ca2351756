"""The explorers' numbers are the package's and scikit-learn's; what reaches the browser is enough to draw them."""

import json
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score, roc_curve
from sklearn.mixture import GaussianMixture

from gmmlab import explore, plot
from gmmlab.data import load_banknotes, load_faithful, load_wreath
from gmmlab.engine.em import em
from gmmlab.mixture import COVARIANCE_TYPES, best_fit, from_parameters, n_parameters

FAITHFUL = load_faithful()


@pytest.fixture(scope="module")
def notes():
    """Return banknotes to judge, their scores, which are counterfeit, and the scores of genuine ones set apart."""
    notes = load_banknotes()
    counterfeit = notes.pop("Status") == "counterfeit"
    apart = notes[~counterfeit].iloc[:50]
    judged = notes.drop(apart.index)
    detector = GaussianMixture(1, random_state=0).fit(apart.to_numpy())
    scores = detector.score_samples(judged.to_numpy())
    return judged, scores, counterfeit[judged.index].to_numpy(), detector.score_samples(apart.to_numpy())


@pytest.fixture(scope="module")
def fits():
    return explore.covariance_fits(FAITHFUL, [1, 2, 3], held_out=3, random_state=0)


@contextmanager
def watched():
    """Yield a list that gets the scene and the output of each explorer that is called."""
    seen, show = [], explore._show
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explore, "_show", lambda scene, *rest: (seen.append({"scene": scene}), show(scene, *rest)))
        patch.setattr("gmmlab.figure.show", lambda fig, alt, live: seen[-1].update(fig=repr(fig), alt=alt, live=live))
        yield seen


@pytest.fixture
def shown():
    with watched() as seen:
        yield seen


@pytest.fixture(scope="module", params=["em", "covariances", "threshold", "point"])
def each(request, notes):
    """Return what one of the explorers shows."""
    judged, scores, counterfeit, normal_scores = notes
    call = {
        "em": lambda: explore.play_em(FAITHFUL, 2, starts=2, iterations=5),
        "covariances": lambda: explore.try_covariances(FAITHFUL, [1, 2], held_out=2),
        "threshold": lambda: explore.move_threshold(judged, scores, counterfeit, normal_scores=normal_scores),
        "point": lambda: explore.drag_point(best_fit(FAITHFUL, 2), FAITHFUL),
    }
    with watched() as seen:
        call[request.param]()
    return seen[0]


def mixture_of(frame) -> GaussianMixture:
    """Return the mixture that a frame brings to the browser."""
    sent = frame["mixture"]
    roots, means = np.array(sent["roots"]), np.array(sent["means"])
    log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    weights = np.exp(np.array(sent["constants"]) - log_det + means.shape[1] / 2 * np.log(2 * np.pi))
    return from_parameters(weights / weights.sum(), means, np.linalg.inv(roots @ np.swapaxes(roots, 1, 2)))


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_the_path_is_that_of_em(kind):
    states, path = explore.em_path(FAITHFUL, 3, kind, seed=1, iterations=20)
    result = em(FAITHFUL.to_numpy(), states[0], max_iter=20, tol=0)
    assert path[:20] == pytest.approx(result.log_likelihood * len(FAITHFUL), abs=1e-7)


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_the_log_likelihood_of_a_path_never_falls(kind):
    _, path = explore.em_path(FAITHFUL, 3, kind, seed=1, iterations=40)
    assert np.diff(path).min() > -1e-6


def test_the_log_likelihood_of_a_state_is_scikit_learns():
    states, path = explore.em_path(FAITHFUL, 3, "tied", seed=2, iterations=3)
    p = states[-1]
    gmm = from_parameters(p.weights, p.means, p.covariances, "tied")
    assert gmm.score_samples(FAITHFUL.to_numpy()).sum() == pytest.approx(path[-1])


def test_seeds_start_apart():
    starts = [explore.random_start(FAITHFUL, 3, "full", seed).means for seed in range(4)]
    assert len({start.tobytes() for start in starts}) == 4


def test_a_random_start_puts_its_means_on_samples():
    means = explore.random_start(FAITHFUL, 3, "full", 0).means
    assert all((FAITHFUL.to_numpy() == mean).all(axis=1).any() for mean in means)


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_the_number_of_parameters_is_counted_as_everywhere(fits, kind):
    _, table = fits
    assert table.loc[kind, "n_parameters"].tolist() == [n_parameters(kind, k, 2) for k in (1, 2, 3)]


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_bic_is_that_of_scikit_learn_for_the_mixture_that_is_drawn(fits, kind):
    mixtures, table = fits
    for k in (1, 2, 3):
        p = mixtures[kind, k]
        gmm = from_parameters(p.weights, p.means, p.covariances, kind)
        assert table.at[(kind, k), "bic"] == pytest.approx(gmm.bic(FAITHFUL.to_numpy()), abs=1e-3)


def test_components_are_sorted_so_that_their_colours_stay(fits):
    mixtures, _ = fits
    assert all((np.diff(p.means[:, 0]) >= 0).all() for p in mixtures.values())


def test_recall_and_precision_are_scikit_learns(notes):
    _, scores, truth, normal_scores = notes
    for row in explore.threshold_outcomes(scores, truth, normal_scores, [0.02, 0.1, 0.3]).itertuples():
        flagged = scores <= row.threshold
        assert row.recall == recall_score(truth, flagged)
        assert row.precision == precision_score(truth, flagged)


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1, 0.29, 0.5])
def test_a_new_normal_sample_is_flagged_at_most_as_often_as_allowed(notes, rate):
    _, scores, truth, normal_scores = notes
    (row,) = explore.threshold_outcomes(scores, truth, normal_scores, [rate]).itertuples()
    places = (normal_scores <= row.threshold).sum()  # of n + 1 equally likely places for a new score
    assert places / (len(normal_scores) + 1) <= rate < (places + 1) / (len(normal_scores) + 1)


def test_too_few_normal_scores_allow_no_threshold(notes):
    _, scores, truth, normal_scores = notes
    (row,) = explore.threshold_outcomes(scores, truth, normal_scores[:50], [0.01]).itertuples()
    assert (row.threshold, row.flagged) == (-np.inf, 0)


def test_the_ring_is_on_the_roc_curve_of_scikit_learn(shown, notes):
    judged, scores, truth, normal_scores = notes
    explore.move_threshold(judged, scores, truth, normal_scores=normal_scores)
    alarms, found, _ = roc_curve(truth, -scores, drop_intermediate=False)
    on_curve = set(zip(alarms.round(9).tolist(), found.round(9).tolist(), strict=True))
    rings = [frame["marks"][0][1:] for frame in shown[0]["scene"]["frames"]]
    assert {(round(x, 9), round(y, 9)) for x, y in rings} <= on_curve


def test_precision_is_not_claimed_where_nothing_is_flagged(shown, notes):
    judged, scores, truth, _ = notes
    explore.move_threshold(judged, scores, truth, normal_scores=scores - 1000, rates=[0.0, 0.05])
    texts = [frame["text"] for frame in shown[0]["scene"]["frames"]]
    assert "too few to promise" in texts[0]
    assert "Precision: not defined" in texts[1]


def test_the_browser_gets_the_mixture_that_was_fitted(shown):
    gmm = best_fit(FAITHFUL, 3)
    explore.drag_point(gmm, FAITHFUL)
    sent = mixture_of(shown[0]["scene"]["frames"][0])
    assert np.allclose(sent.predict_proba(FAITHFUL.to_numpy()), gmm.predict_proba(FAITHFUL), atol=1e-6)


def test_an_ellipse_holds_the_share_that_the_legend_says(shown):
    explore.drag_point(best_fit(FAITHFUL, 1), FAITHFUL)
    frame = shown[0]["scene"]["frames"][0]
    gmm = mixture_of(frame)
    samples = gmm.sample(40_000)[0] - frame["mixture"]["centres"][0]
    inside = np.linalg.norm(samples @ np.linalg.inv(frame["mixture"]["ellipses"][0]).T, axis=1) < 1
    assert inside.mean() == pytest.approx(explore.COVERAGE, abs=0.01)


def test_the_point_begins_where_the_doubt_is_largest(shown):
    gmm = best_fit(FAITHFUL, 2)
    explore.drag_point(gmm, FAITHFUL)
    sure = gmm.predict_proba(FAITHFUL).max(axis=1)
    assert shown[0]["scene"]["probe"] == FAITHFUL.iloc[sure.argmin()].tolist()


def test_colours_are_those_of_the_figures(each):
    assert each["scene"]["look"]["colours"] == list(plot.COLOURS)


def test_no_two_of_fourteen_components_look_alike(shown):
    explore.play_em(load_wreath(), 14, starts=1, iterations=1)
    look = shown[0]["scene"]["look"]
    assert len(set(zip(look["colours"], look["markers"], strict=True))) == 14


def test_controls_and_frames_fit_together(each):
    scene = each["scene"]
    count = np.prod([len(control["values"]) for control in scene["controls"]], dtype=int)
    assert len(scene["frames"]) == count
    assert all(len(frame["marks"]) == len(scene["sides"]) for frame in scene["frames"])


def test_a_scene_is_plain_json_of_moderate_size(each):
    assert len(json.dumps(each["scene"], allow_nan=False)) < 500_000


def test_a_live_kernel_shows_a_view_and_nothing_that_differs_from_run_to_run(each):
    assert set(each["live"]) == {"application/vnd.jupyter.widget-view+json"}


def test_all_others_get_a_figure_with_alt_text(each):
    assert "with 2 Axes" in each["fig"]
    assert len(each["alt"].split()) >= 20


def with_gap() -> pd.DataFrame:
    gap = FAITHFUL.copy()
    gap.iloc[3, 1] = np.nan
    return gap


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: explore.play_em(FAITHFUL.to_numpy()), "but a ndarray came"),
        (lambda: explore.play_em(with_gap()), "drop missing values"),
        (lambda: explore.play_em(load_banknotes()), "Choose the numeric columns"),
        (lambda: explore.play_em(FAITHFUL, 0), "but 0 came"),
        (lambda: explore.play_em(FAITHFUL, 273), "1 to 272 components"),
        (lambda: explore.play_em(FAITHFUL, covariance_type="round"), "'round' came"),
        (lambda: explore.play_em(FAITHFUL, iterations=0), "at least one iteration"),
        (lambda: explore.play_em(FAITHFUL, starts=0), "at least one start"),
        (lambda: explore.play_em(FAITHFUL, features=["waiting"]), r"\['waiting'\] came"),
        (lambda: explore.play_em(pd.concat([load_wreath()] * 6)), r"Take X.sample\(5000\)"),
        (lambda: explore.try_covariances(FAITHFUL, []), "at least one number of components"),
        (lambda: explore.drag_point(best_fit(FAITHFUL, 2), load_wreath().assign(x3=0.0)), "the data 3"),
        (lambda: explore.threshold_outcomes([1, 2], [True], [1], [0.1]), "sample by sample"),
        (lambda: explore.threshold_outcomes([1, 2], [True, True], [1], [0.1]), "only one kind"),
        (lambda: explore.threshold_outcomes([1, 2], [True, False], [1], [5]), "a share from 0 to 1"),
        (
            lambda: explore.move_threshold(FAITHFUL, [1, 2], [True, False], normal_scores=[1]),
            "272 samples and 2",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
