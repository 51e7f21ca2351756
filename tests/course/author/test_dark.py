import numpy as np
import pytest
from PIL import Image

from gmmlab.course.author.dark import INK, PAPER, in_the_dark, write_dark_twin
from gmmlab.plot import COLOURS


def _rgb(colour):
    return tuple(int(colour.lstrip("#")[i : i + 2], 16) for i in (0, 2, 4))


def _hue(colour):
    red, green, blue = np.array(colour) - np.mean(colour)
    return np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))


def test_white_and_black_change_places():
    assert in_the_dark((255, 255, 255)) == PAPER
    assert in_the_dark((0, 0, 0)) == INK


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_keeps_its_hue(colour):
    before, after = _rgb(colour), in_the_dark(_rgb(colour))
    assert all(0 <= part <= 255 for part in after)
    assert abs((_hue(before) - _hue(after) + 180) % 360 - 180) < 1.5


def _contrast(colour):
    light = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
             for c in (np.array(colour) / 255, np.array(PAPER) / 255)]  # fmt: skip
    return (light[0] + 0.05) / (light[1] + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_of_the_lab_stands_out_from_dark_paper(colour):
    assert _contrast(in_the_dark(_rgb(colour))) >= 3


@pytest.mark.parametrize(
    ("mode", "alt", "code", "twin"),
    [
        ("P", "Two clouds.", "ax.plot(x)", True),
        ("P", "Two dark clouds.", "ax.plot(x)", False),
        ("P", "Two clouds.", "ax.imshow(x)", False),
        ("RGB", "Two clouds.", "ax.plot(x)", False),
    ],
)
def test_only_drawings_that_do_not_speak_of_light_have_a_twin(tmp_path, mode, alt, code, twin):
    Image.new("RGB", (3, 2), "white").convert(mode).save(tmp_path / "a.png")
    assert write_dark_twin(tmp_path / "a.png", tmp_path / "dark" / "a.png", alt, code) == twin
    assert (tmp_path / "dark" / "a.png").exists() == twin
    if twin:
        assert Image.open(tmp_path / "dark" / "a.png").convert("RGB").getpixel((0, 0)) == PAPER
