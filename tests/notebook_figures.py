"""What a notebook's figures must be like: labels, units, titles, text that can be read, alt text.

`record_into` runs in the notebook's own kernel, where nbval executes it, and writes down what each figure holds;
`problems_of` then judges what was written down, with a sentence for each breach.
"""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt

import gmmlab.figure

SMALLEST_TEXT = 9


def record_into(path: str) -> None:
    """Let each figure that is shown from now on leave a line in a file."""
    show = gmmlab.figure.show

    def show_and_record(fig, alt, *others):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(described(fig, alt)) + "\n")
        show(fig, alt, *others)

    gmmlab.figure.show = show_and_record


def described(fig, alt: str) -> dict:
    """Return what there is to judge of a figure, as plain data."""
    drawn = [ax for ax in fig.axes if ax.get_visible() and ax.has_data() and ax.get_label() != "<colorbar>"]
    texts = [text for text in fig.findobj(plt.Text) if text.get_text().strip()]
    return {
        "alt": alt,
        "axes": [
            {
                "title": ax.get_title("left") or ax.get_title("center") or ax.get_title("right"),
                "labels": [ax.get_xlabel(), ax.get_ylabel()],
                "framed": ax.axison,
            }
            for ax in drawn
        ],
        "small": [text.get_text() for text in texts if text.get_fontsize() < SMALLEST_TEXT],
    }


def problems_of(figures: list[dict], notebook) -> list[str]:
    """Return a sentence for each rule that the figures of a run break, or in which the saved notebook differs."""
    problems = [] if any(fig["axes"] for fig in figures) else ["No figure shows data."]
    for fig in figures:
        problems += [f"The figure {fig['alt'][:40]!r} {problem}" for problem in _figure_problems(fig)]
    alts = [fig["alt"] for fig in figures]
    if len(set(alts)) < len(alts):
        problems.append("Two figures share their alt text.")
    if saved_alts(notebook) != alts:
        problems.append("The saved notebook's figures are not those that the run showed.")
    return problems


def saved_alts(notebook) -> list[str | None]:
    """Return the alt texts of the figures that a notebook holds, in order."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    return [output.metadata.get("image/png", {}).get("alt") for output in pictures]


def _figure_problems(fig: dict) -> list[str]:
    problems = [f"has text that is too small: {text!r}." for text in fig["small"]]
    if len(fig["alt"].split()) < 10 or re.match(r"(a|the) (plot|figure|chart)\b", fig["alt"], re.I):
        problems.append("has an alt text that does not say what is to be seen.")
    for ax in fig["axes"]:
        if len(ax["title"]) < 5:
            problems.append(f"has Axes without a title, with the labels {ax['labels']}.")
        if ax["framed"] and not all(ax["labels"]):
            problems.append(f"has an axis without a label, below the title {ax['title']!r}.")
        bare = [label for label in ax["labels"] if re.search(r"[a-z]_[a-z]", label)]
        problems += [f"has the bare name of a column for a label: {label!r}." for label in bare]
    return problems
