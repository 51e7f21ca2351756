"""One look, and one way for a figure into a notebook: with the lab's style, alt text and a caption."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

STYLE = Path(__file__).with_name("lab.mplstyle")

CAPTION = "gmmlab-caption"
"""Class of the paragraph below a figure that says what is to be seen."""


def lab_style() -> AbstractContextManager[None]:
    """Return a context in which figures have the lab's one look, whatever the user's settings of matplotlib are."""
    return mpl.style.context(STYLE, after_reset=True)


@contextmanager
def figure(
    alt: str,
    nrows: int = 1,
    ncols: int = 1,
    *,
    size: tuple[float, float] | None = None,
    live: dict[str, Any] | None = None,
    scene: dict[str, Any] | None = None,
    **subplots: Any,
) -> Iterator[Any]:
    """Draw a figure in the lab's style and show it in the notebook with its alt text.

    Parameters
    ----------
    alt : str
        What is to be seen, in one or two sentences, for readers who cannot see the figure.
    nrows, ncols : int
        Rows and columns of Axes.
    size : tuple of float, optional
        Width and height in inches.
    live : dict, optional
        What a live notebook is to show instead, by MIME type, such as a widget's view.
    scene : dict, optional
        What a page without a kernel is to play instead, packed into the picture's metadata; see ``unpacked``.
    **subplots
        Passed on to ``matplotlib.pyplot.subplots``, for example ``sharex=True``.

    Yields
    ------
    Axes or ndarray of Axes
        As ``matplotlib.pyplot.subplots`` gives them.

    Raises
    ------
    ValueError
        If the alt text is empty.

    Examples
    --------
    >>> with figure("Two clouds of points, one twice as wide as the other.") as ax:  # doctest: +SKIP
    ...     plot_clusters(X, labels, ax=ax)
    """
    if not alt.strip():
        raise ValueError("A figure needs alt text that says what is to be seen, but got an empty text.")
    with lab_style():
        fig, axes = plt.subplots(nrows, ncols, figsize=size, **subplots)
        try:
            yield axes
            show(fig, alt, live, scene)
        finally:
            plt.close(fig)


def show(fig: Figure, alt: str, live: dict[str, Any] | None = None, scene: dict[str, Any] | None = None) -> None:
    """Show a finished figure in the notebook, with its alt text in the output's metadata and as a caption below.

    JupyterLab leaves the alt text of a picture out, so that a blind reader would meet a figure without words; the
    caption is there for every reader, in every viewer.
    """
    bundle = {"text/plain": repr(fig), "image/png": b64encode(png(fig)).decode(), **(live or {})}
    about = {"alt": alt} if scene is None else {"alt": alt, "scene": packed(scene)}
    display(bundle, metadata={"image/png": about}, raw=True)
    display({"text/plain": alt, "text/html": caption(alt)}, raw=True)


def packed(scene: dict[str, Any]) -> str:
    """Return a scene as a text a third of its length."""
    text = json.dumps(scene, separators=(",", ":"))
    return b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: str) -> str:
    """Return the JSON of a packed scene."""
    return zlib.decompress(b64decode(text)).decode()


def caption(alt: str) -> str:
    """Return the HTML of a figure's caption."""
    return f'<p class="{CAPTION}" style="max-width: 46em; font-size: 0.9em; font-style: italic">{escape(alt)}</p>'


def png(fig: Figure) -> bytes:
    """Return a figure as PNG: a drawing in 256 colours, a third of the size; a photograph in all of its own."""
    drawn, stored = BytesIO(), BytesIO()
    fig.savefig(drawn, format="png", bbox_inches="tight")
    image = Image.open(drawn).convert("RGB")
    if image.getcolors(maxcolors=10_000) is not None:  # drawings have below 4,000, photographs above 30,000
        image = image.quantize(256)
    image.save(stored, format="PNG", optimize=True)
    return stored.getvalue()
