"""Every figure that a notebook shows, by what it shows: labels, units, titles, text that can be read, alt text."""

import re

import matplotlib.pyplot as plt
import nbformat
import pytest

SMALLEST_TEXT = 9


@pytest.fixture(scope="module")
def shown(path):
    """Run the notebook's code in this process and return its figures, each with its alt text."""
    figures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        patch.setattr("gmmlab.figure.show", lambda fig, alt, *_: figures.append((fig, alt)))
        patch.setattr(plt, "close", lambda *_: None)
        names = {"__name__": "__main__", "display": lambda *_, **__: None}
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, f"{path.stem}:{cell.id}", "exec"), names)
    plt.close("all")
    return figures


@pytest.fixture(scope="module")
def axes(shown):
    drawn = [ax for fig, _ in shown for ax in fig.axes if ax.get_visible() and ax.has_data()]
    assert drawn
    return [ax for ax in drawn if ax.get_label() != "<colorbar>"]


def title_of(ax) -> str:
    return ax.get_title("left") or ax.get_title("center") or ax.get_title("right")


def test_every_axis_has_a_label(axes):
    nameless = [title_of(ax) for ax in axes if ax.axison and not (ax.get_xlabel() and ax.get_ylabel())]
    assert nameless == []


def test_no_label_is_a_bare_column_name(axes):
    labels = [label for ax in axes for label in (ax.get_xlabel(), ax.get_ylabel())]
    assert [label for label in labels if re.search(r"[a-z]_[a-z]", label)] == []


def test_every_axes_has_a_title(axes):
    assert [ax.get_xlabel() for ax in axes if len(title_of(ax)) < 5] == []


def test_alt_texts_say_what_is_to_be_seen(shown):
    alts = [alt for _, alt in shown]
    assert [alt for alt in alts if len(alt.split()) < 10 or re.match(r"(a|the) (plot|figure|chart)\b", alt, re.I)] == []


def test_no_two_figures_share_their_alt_text(shown):
    alts = [alt for _, alt in shown]
    assert len(set(alts)) == len(alts)


def test_text_is_large_enough_to_read(shown):
    texts = [text for fig, _ in shown for text in fig.findobj(plt.Text) if text.get_text().strip()]
    assert {text.get_text(): text.get_fontsize() for text in texts if text.get_fontsize() < SMALLEST_TEXT} == {}


def test_saved_figures_are_the_ones_shown(path, shown):
    outputs = [o for c in nbformat.read(path, 4).cells if c.cell_type == "code" for o in c.outputs]
    saved = [o.metadata["image/png"]["alt"] for o in outputs if "image/png" in o.get("data", {})]
    assert saved == [alt for _, alt in shown]
