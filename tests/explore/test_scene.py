"""What reaches the browser is enough to draw it, and nothing that differs from run to run."""

import json

import numpy as np
import pandas as pd
import pytest

from gmmlab import explore, plot
from gmmlab.data import load_banknotes, load_faithful, load_wreath
from gmmlab.explore.scene import mixture_legend

FAITHFUL = load_faithful()


def test_colours_are_those_of_the_figures(each):
    assert each["scene"]["look"]["colours"] == list(plot.COLOURS)


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
        (lambda: explore.play_em(FAITHFUL.to_numpy()), "but got a ndarray"),
        (lambda: explore.play_em(with_gap()), "drop missing values"),
        (lambda: explore.play_em(load_banknotes()), "Choose the numeric columns"),
        (lambda: explore.play_em(FAITHFUL, features=["waiting"]), r"got \['waiting'\]"),
        (lambda: explore.play_em(pd.concat([load_wreath()] * 6)), r"Take X.sample\(5000\)"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_legend_says_what_it_means_without_the_chart():
    texts = [entry["text"] for entry in mixture_legend(1)]
    assert "no responsibility above 90%" in texts
    assert "ellipse that holds 90% of its component" in texts
    assert not any(text.endswith(" of it") for text in texts)
