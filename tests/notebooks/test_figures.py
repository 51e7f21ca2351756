"""Every rule on figures can be broken; the notebooks' own figures are judged where nbval runs them."""

import matplotlib.pyplot as plt
import nbformat
import pytest

import gmmlab.figure
from notebook_figures import described, problems_of, record_into

ALT = "A line that rises from the lower left to the upper right, ever more steeply."


def line():
    fig, ax = plt.subplots()
    ax.plot([1, 2, 4])
    ax.set(title="It rises", xlabel="time (min)", ylabel="length (mm)")
    return fig, ax


def saved(*alts):
    cell = nbformat.v4.new_code_cell("draw()")
    for alt in alts:
        picture = {"image/png": "iVBORw0KGgo="}
        cell.outputs.append(nbformat.v4.new_output("display_data", picture, metadata={"image/png": {"alt": alt}}))
    return nbformat.v4.new_notebook(cells=[cell])


BREACHES = {
    "No figure shows data": lambda ax: ax.clear(),
    "has text that is too small: 'tiny'": lambda ax: ax.text(1, 1, "tiny", fontsize=6),
    "has Axes without a title": lambda ax: ax.set_title(""),
    "has an axis without a label": lambda ax: ax.set_ylabel(""),
    "has the bare name of a column for a label: 'bill_length_mm'": lambda ax: ax.set_xlabel("bill_length_mm"),
}


@pytest.mark.parametrize("sentence", BREACHES)
def test_a_breach_is_a_sentence(sentence):
    fig, ax = line()
    assert problems_of([described(fig, ALT)], saved(ALT)) == []
    BREACHES[sentence](ax)
    (problem,) = problems_of([described(fig, ALT)], saved(ALT))
    plt.close(fig)
    assert sentence in problem


@pytest.mark.parametrize("alt", ["A line.", "A plot of lengths in mm against minutes that rise to the right."])
def test_an_alt_text_that_says_nothing_is_a_sentence(alt):
    fig, _ = line()
    (problem,) = problems_of([described(fig, alt)], saved(alt))
    plt.close(fig)
    assert "alt text that does not say" in problem


def test_figures_that_share_their_alt_text_or_are_not_saved_are_a_sentence():
    fig, _ = line()
    shown = described(fig, ALT)
    plt.close(fig)
    assert problems_of([shown, shown], saved(ALT, ALT)) == ["Two figures share their alt text."]
    assert "not those that the run showed" in problems_of([shown], saved("Another."))[0]


def test_a_kernel_records_what_it_shows(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(gmmlab.figure, "show", lambda *shown: seen.append(shown))
    record_into(str(tmp_path / "record"))
    with gmmlab.figure.figure(ALT) as ax:
        ax.plot([1, 2])
    assert ALT in (tmp_path / "record").read_text(encoding="utf-8")
    assert len(seen) == 1
