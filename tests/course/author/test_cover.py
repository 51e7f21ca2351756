"""The picture at the head of the README is what the command draws."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gmmlab.course.author.book import COVER, COVER_ALT
from gmmlab.course.author.cover import cover
from gmmlab.figure import png
from gmmlab.paths import lab_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fresh():
    return Image.open(BytesIO(png(cover()))).convert("RGB")


@pytest.fixture(scope="module")
def saved():
    return Image.open(COVER).convert("RGB")


def test_the_saved_picture_has_the_size_of_a_fresh_one(fresh, saved):
    assert np.allclose(fresh.size, saved.size, atol=4)


def test_the_saved_picture_shows_what_a_fresh_one_shows(fresh, saved):
    small = [np.asarray(image.resize((230, 86)), dtype=float) for image in (fresh, saved)]
    assert np.abs(small[0] - small[1]).mean() < 1


def test_another_picture_would_be_noticed(fresh, saved):
    small = [np.asarray(image.resize((230, 86)), dtype=float) for image in (fresh, saved.rotate(180))]
    assert np.abs(small[0] - small[1]).mean() > 10


def test_the_readme_shows_it_with_its_alt_text():
    readme = (lab_folder() / "README.md").read_text(encoding="utf-8")
    first_screen = readme.partition("## Start")[0]
    alt, target = re.search(r"!\[([^\]]+)\]\(([^)]+)\)", first_screen).groups()
    assert alt == COVER_ALT
    assert (lab_folder() / target).samefile(COVER)
