"""Pictures: a photograph of one's own in every state a file can be in, and the flower's outline as a mask."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gmmlab import image
from gmmlab.data import data_file, load_china
from gmmlab.image import PhotographError, distance_to, flower_truth, inside, load_photograph

RED, WHITE = [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]


@pytest.fixture
def saved(tmp_path):
    """A function that saves a picture and returns its path."""

    def save(picture: Image.Image, name: str = "mine.png", **options):
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def plain(mode: str, colour, size=(8, 5)) -> Image.Image:
    return Image.new(mode, size, colour)


def halves() -> Image.Image:
    """A picture of 40 x 20 pixels, its left half red and its right half blue."""
    picture = plain("RGB", "blue", (40, 20))
    picture.paste("red", (0, 0, 20, 20))
    return picture


# What can be read


def test_a_small_photograph_comes_pixel_for_pixel():
    np.testing.assert_array_equal(load_photograph(data_file("china.png")), load_china())


def test_a_path_may_be_a_text(saved):
    assert load_photograph(str(saved(halves()))).shape == (20, 40, 3)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "bmp", "tif"])
def test_every_usual_format_is_read_as_floats(saved, ending):
    picture = load_photograph(saved(halves(), f"mine.{ending}"))
    assert picture.dtype == np.float64
    np.testing.assert_allclose(picture[10, 5], RED, atol=0.02)


PLAIN_RED = {
    "rgb": plain("RGB", "red"),
    "palette": plain("RGB", "red").quantize(4),
    "opaque": plain("RGBA", (255, 0, 0, 255)),
}


@pytest.mark.parametrize("kind", PLAIN_RED)
def test_red_stays_red(saved, kind):
    np.testing.assert_allclose(load_photograph(saved(PLAIN_RED[kind]))[2, 2], RED, atol=0.01)


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_becomes_red_green_and_blue(saved, ending):
    picture = load_photograph(saved(plain("CMYK", (0, 255, 255, 0), (16, 16)), f"mine.{ending}"))
    np.testing.assert_allclose(picture[8, 8], RED, atol=0.02)


GREYS = {
    "8 bits": plain("L", 51),
    "16 bits": Image.fromarray(np.full((5, 8), 51 * 257, dtype=np.uint16)),
    "grey and transparency": plain("LA", (51, 255)),
}


@pytest.mark.parametrize("kind", GREYS)
def test_grey_becomes_three_equal_channels(saved, kind):
    np.testing.assert_allclose(load_photograph(saved(GREYS[kind])), np.full((5, 8, 3), 0.2), atol=1e-9)


def test_black_and_white_becomes_0_and_1(saved):
    picture = plain("1", 0)
    picture.putpixel((3, 1), 1)
    assert load_photograph(saved(picture))[1, 3].tolist() == WHITE


def see_through() -> dict[str, Image.Image]:
    palette = plain("RGB", "red").quantize(4)
    palette.info["transparency"] = palette.getpixel((0, 0))
    return {"rgba": plain("RGBA", (255, 0, 0, 0)), "grey": plain("LA", (0, 0)), "palette": palette}


@pytest.mark.parametrize("kind", see_through())
def test_transparent_parts_become_white(saved, kind):
    np.testing.assert_allclose(load_photograph(saved(see_through()[kind]))[2, 2], WHITE)


def test_half_transparent_red_becomes_pink(saved):
    np.testing.assert_allclose(load_photograph(saved(plain("RGBA", (255, 0, 0, 128))))[2, 2], [1, 0.5, 0.5], atol=0.01)


@pytest.mark.parametrize(("note", "red_side"), [(1, "left"), (3, "right"), (6, "top"), (8, "bottom")])
def test_a_camera_held_otherwise_is_turned_upright(saved, note, red_side):
    exif = Image.Exif()
    exif[0x0112] = note
    picture = load_photograph(saved(halves(), "mine.jpg", exif=exif, quality=95))
    sides = {"left": picture[:, 2], "right": picture[:, -3], "top": picture[2], "bottom": picture[-3]}
    np.testing.assert_allclose(sides[red_side].mean(axis=0), RED, atol=0.05)


def test_a_garbled_note_of_the_camera_does_no_harm(saved):
    picture = load_photograph(saved(halves(), "mine.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f", quality=95))
    np.testing.assert_allclose(picture[10, 2], RED, atol=0.02)


def test_of_an_animation_the_first_frame_is_taken(saved):
    path = saved(plain("RGB", "red"), "mine.gif", save_all=True, append_images=[plain("RGB", "blue")])
    np.testing.assert_allclose(load_photograph(path)[2, 2], RED)


# Size


@given(width=st.integers(1, 400), height=st.integers(1, 400), most=st.integers(1, 5000))
def test_a_picture_is_made_no_larger_than_asked_and_keeps_its_proportions(width, height, most):
    small = image._upright_rgb(plain("L", 0, (width, height)), "mine.png", most)
    rows, columns, _ = small.shape
    assert 1 <= rows * columns <= max(most, rows, columns)  # a line of pixels cannot be thinner than one
    if rows > 8 and columns > 8:
        assert columns / rows == pytest.approx(width / height, rel=1 / 8)


def test_by_default_70_000_pixels_are_kept(saved):
    rows, columns, _ = load_photograph(saved(plain("RGB", "red", (3000, 2000)), "mine.jpg")).shape
    assert 69_000 < rows * columns <= 70_000


def test_a_picture_made_smaller_keeps_its_halves(saved):
    picture = load_photograph(saved(halves().resize((1200, 600)), "mine.jpg", quality=95), max_pixels=800)
    assert picture.shape == (20, 40, 3)
    np.testing.assert_allclose(picture[:, :18], np.broadcast_to(RED, (20, 18, 3)), atol=0.03)


def test_no_pixel_at_all_is_refused():
    with pytest.raises(ValueError, match="max_pixels must be a whole number from 1 on, but got 0"):
        load_photograph(data_file("china.png"), max_pixels=0)


def head_of_png(width: int, height: int) -> bytes:
    """Return a PNG file that claims a size, and has hardly a pixel to show for it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100)))


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_from_its_header(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(head_of_png(side, side))
    with pytest.raises(PhotographError, match=r"bomb\.png has more than 50 million pixels\. Make it smaller"):
        load_photograph(tmp_path / "bomb.png")


# What cannot be read gets a sentence


def test_a_missing_file_is_answered_with_the_pictures_that_are_there(saved, tmp_path):
    saved(halves(), "holiday.JPG")
    with pytest.raises(PhotographError, match=r"no file mien\.png in .*Pictures there: holiday\.JPG\. Put the picture"):
        load_photograph(tmp_path / "mien.png")


def test_a_missing_folder_is_said_to_hold_no_picture(tmp_path):
    with pytest.raises(PhotographError, match=r"no file mine\.png in .*There is no picture in that folder"):
        load_photograph(tmp_path / "nowhere" / "mine.png")


def test_a_folder_is_not_a_picture(saved, tmp_path):
    saved(halves(), "holiday.jpg")
    with pytest.raises(PhotographError, match=r"is a folder, not a picture\. Pictures there: holiday\.jpg"):
        load_photograph(tmp_path)


@pytest.mark.parametrize("path", ["", "  ", None, 3, b"mine.png"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(PhotographError, match=r"path of a picture is a text, such as 'holiday\.jpg', but got"):
        load_photograph(path)


def test_an_address_on_the_web_is_not_fetched():
    with pytest.raises(PhotographError, match="is an address on the web: download the picture"):
        load_photograph("https://example.org/mine.png")


NO_PICTURES = {
    "empty": b"",
    "text": b"a dahlia before dark leaves",
    "table": b"x,y\n1,2\n",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("kind", NO_PICTURES)
def test_a_file_that_is_no_picture_is_refused(tmp_path, kind):
    (tmp_path / "mine.jpg").write_bytes(NO_PICTURES[kind])
    with pytest.raises(PhotographError, match=r"mine\.jpg is not a picture that can be read .*save it as JPEG or PNG"):
        load_photograph(tmp_path / "mine.jpg")


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "tif"])
def test_a_file_that_was_cut_off_is_refused(tmp_path, ending):
    noise = np.random.default_rng(0).integers(256, size=(60, 90, 3), dtype=np.uint8)
    whole = BytesIO()
    Image.fromarray(noise).save(whole, format={"jpg": "jpeg", "tif": "tiff"}.get(ending, ending))
    (tmp_path / f"cut.{ending}").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 3])
    with pytest.raises(PhotographError, match=rf"cut\.{ending} is (damaged|not a picture)"):
        load_photograph(tmp_path / f"cut.{ending}")


def test_a_picture_of_measurements_is_refused(saved):
    with pytest.raises(PhotographError, match=r"is damaged or of a rare kind"):
        load_photograph(saved(Image.fromarray(np.ones((5, 8), dtype=np.float32)), "mine.tif"))


# The outline

SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype=float)


def test_points_in_a_square_are_inside():
    assert inside(SQUARE, np.array([[2, 2], [3.9, 0.1], [5, 2], [-1, -1]])).tolist() == [True, True, False, False]


def test_the_distance_from_a_square_is_that_from_its_nearest_side_or_corner():
    points = np.array([[2, 1], [2, 2], [6, 2], [7, 8]], dtype=float)
    np.testing.assert_allclose(distance_to(SQUARE, points), [1, 2, 2, 5])


def test_the_truth_has_flower_background_and_undecided_pixels():
    truth = flower_truth()
    assert truth.shape == (214, 320)
    assert np.unique(truth[~np.isnan(truth)]).tolist() == [0, 1]
    assert 0.20 < np.mean(truth == 1) < 0.26
    assert 0.02 < np.mean(np.isnan(truth)) < 0.05

    # Places that anyone can see: a petal, the lower dahlia, leaves, the bud.
    np.testing.assert_equal(truth[[110, 205, 20, 207], [155, 180, 20, 300]], [1, 1, 0, np.nan])
    assert np.isnan(flower_truth(seam=0)).sum() < np.isnan(truth).sum()
