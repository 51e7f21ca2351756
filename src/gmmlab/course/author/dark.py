"""Pictures for the book's dark theme: the same drawing, with black and white exchanged and every hue kept."""

import re
from pathlib import Path

from PIL import Image

PAPER, INK = (18, 18, 18), (224, 224, 224)
"""What white and black become: the colours of the dark theme's page and, nearly, of its text."""

# A photograph shows what is there, and words on light and dark must stay true: such pictures keep white paper.
_SPEAKS_OF_LIGHT = re.compile(r"\b(?:black|white|dark|bright|pale)\b")


def write_dark_twin(picture: Path, target: Path, alt: str, code: str = "") -> bool:
    """Write a drawing's twin for the dark theme; return whether the picture is one that may have a twin.

    Parameters
    ----------
    picture : Path
        A picture that opens. A drawing has a palette of at most 256 colours, as ``gmmlab.figure.png`` stores it.
    target : Path
        The file of the twin, a PNG.
    alt : str
        The words that describe it.
    code : str
        The code that draws it.
    """
    with Image.open(picture) as image:
        if image.mode != "P" or "imshow(" in code or _SPEAKS_OF_LIGHT.search(alt):
            return False
        palette = image.getpalette() or []
        colours = zip(*(iter(palette),) * 3, strict=True)
        image.putpalette([part for colour in colours for part in in_the_dark(colour)])
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target, format="PNG")  # nearly as small as when optimized, in an eighth of the time
    return True


def in_the_dark(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a colour with its white and its black exchanged.

    A colour is a sum of white, black and a pure hue. What is left when the hue stays is the same orange on dark paper,
    black lines in light grey, and a pale area in a deep tone.
    """
    white, black = min(colour) / 255, 1 - max(colour) / 255
    red, green, blue = (
        round(white * paper + black * ink + part - min(colour))
        for part, paper, ink in zip(colour, PAPER, INK, strict=True)
    )
    return red, green, blue
