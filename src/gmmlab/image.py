"""Pictures as arrays of floats: a photograph of your own, and the flower's outline as a mask.

A picture has the shape (height, width, 3): red, green and blue from 0 to 1. ``picture.reshape(-1, 3)`` makes it a
table with a row for each pixel, row after row of the picture.
"""

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Formats that are read: all of them are pixels, and none needs another program."""

LARGEST = 50_000_000
"""Pixels of the largest picture that is read: 200 MB in memory before it is made smaller."""

_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


class PhotographError(ValueError):
    """The file is no picture that can be read; the sentence says what came and what to do."""


def load_photograph(path: str | PathLike[str], *, max_pixels: int = 70_000) -> NDArray[np.float64]:
    """Load a photograph, upright, in red, green and blue, and small enough for a fit.

    A greyscale picture gets three equal channels; transparent parts become white; of an animation the first frame
    is taken; the camera's note on how it was held (EXIF orientation) is followed.

    Parameters
    ----------
    path : str or path-like
        JPEG, PNG, WebP, GIF, BMP or TIFF file.
    max_pixels : int
        A larger picture is made smaller, in its own proportions, to at most so many pixels.

    Returns
    -------
    ndarray of shape (height, width, 3)
        Red, green and blue from 0 to 1.

    Raises
    ------
    PhotographError
        If there is no such file, it is damaged or no picture, or it has more than 50 million pixels.
    """
    if max_pixels < 1:
        raise ValueError(f"max_pixels must be a whole number from 1 on, but got {max_pixels!r}.")
    file = _existing(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow finds odd in a header does not matter to the pixels
        try:
            with Image.open(file, formats=FORMATS) as image:
                return _upright_rgb(image, file.name, max_pixels)
        except PhotographError:
            raise
        except Image.DecompressionBombError:
            raise _too_large(file.name) from None
        except UnidentifiedImageError:
            raise PhotographError(
                f"{file.name} is not a picture that can be read ({', '.join(FORMATS)}). Open it in a picture viewer "
                "and save it as JPEG or PNG: phones often store HEIC, cameras raw files."
            ) from None
        except Exception as error:  # a damaged file fails in as many ways as there are decoders
            raise PhotographError(
                f"{file.name} is damaged or of a rare kind ({type(error).__name__}). Open it in a picture viewer and "
                "save it again as JPEG or PNG."
            ) from error


def _existing(path: str | PathLike[str]) -> Path:
    if not isinstance(path, str | PathLike) or not str(path).strip():
        raise PhotographError(f"The path of a picture is a text, such as 'holiday.jpg', but got {path!r}.")
    if str(path).lower().startswith(("http:", "https:")):
        raise PhotographError(f"{path} is an address on the web: download the picture and give the file's path.")
    file = Path(path).expanduser()
    if file.is_file():
        return file
    folder = (file if file.is_dir() else file.parent).absolute()
    there = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in _ENDINGS) if folder.is_dir() else []
    listed = f"Pictures there: {', '.join(there[:8])}." if there else "There is no picture in that folder."
    what = f"{file.name} is a folder, not a picture" if file.is_dir() else f"There is no file {file.name} in {folder}"
    raise PhotographError(f"{what}. {listed} Put the picture beside the notebook, or give its full path.")


def _too_large(name: str) -> PhotographError:
    return PhotographError(
        f"{name} has more than {LARGEST // 1_000_000} million pixels. Make it smaller in a picture viewer first."
    )


def _upright_rgb(image: Image.Image, name: str, max_pixels: int) -> NDArray[np.float64]:
    pixels = image.width * image.height
    if pixels > LARGEST:
        raise _too_large(name)
    shrink = min(1.0, (max_pixels / pixels) ** 0.5)
    size = max(1, int(image.width * shrink)), max(1, int(image.height * shrink))
    image.draft("RGB", size)  # a JPEG decodes straight to an eighth, a quarter or a half of its size
    small = _on_white(_in_colour(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    # The note on the orientation is the file's, so it is handed on to the picture made from it.
    small.info["exif"] = image.getexif().tobytes()
    return np.asarray(ImageOps.exif_transpose(small), dtype=np.float64) / 255


def _in_colour(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, or in RGBA where it is transparent."""
    if image.mode == "F":
        raise ValueError("The picture holds measurements as floating-point numbers.")
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip at 255
        image = Image.fromarray(np.clip(np.asarray(image) // 257, 0, 255).astype(np.uint8))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def inside(polygon: NDArray[Any], points: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which points (m, 2) lie inside a closed polygon of corners (n, 2), both as x and y."""
    from matplotlib.path import Path as Polygon

    return Polygon(polygon).contains_points(points)


def distance_to(polygon: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the distance of each point (m, 2) from the outline of a closed polygon of corners (n, 2)."""
    starts, ends = polygon, np.roll(polygon, -1, axis=0)
    nearest = np.full(len(points), np.inf)
    for start, along in zip(starts, ends - starts, strict=True):
        # The nearest point of a side is the foot of the perpendicular, or an end of the side.
        foot = np.clip((points - start) @ along / max(along @ along, 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - foot[:, None] * along, axis=1))
    return nearest


def flower_truth(*, seam: float = 3.0) -> NDArray[np.float64]:
    """Return what each pixel of the flower picture shows, by the outline that was traced by hand.

    Parameters
    ----------
    seam : float
        Pixels whose centre is as near to the outline (in pixels of the 640 x 427 original) are left undecided: a hand
        is not surer than that, and such pixels show petal and background both.

    Returns
    -------
    ndarray of shape (214, 320)
        1 for the flower, 0 for the background, NaN where the outline does not decide: at the seam, and at a bud.
    """
    from gmmlab.data import load_flower, load_flower_outline

    height, width, _ = load_flower().shape
    rows, columns = np.mgrid[:height, :width]
    centres = np.column_stack([(columns.ravel() + 0.5) * 640 / width, (rows.ravel() + 0.5) * 427 / height])
    parts = {name: group[["x", "y"]].to_numpy() for name, group in load_flower_outline().groupby("part")}
    petals = [parts["dahlia"], parts["dahlia_lower"]]
    truth: NDArray[np.float64] = np.any([inside(polygon, centres) for polygon in petals], axis=0).astype(np.float64)
    truth[np.min([distance_to(polygon, centres) for polygon in petals], axis=0) <= seam] = np.nan
    truth[inside(parts["void_bud"], centres)] = np.nan
    return np.reshape(truth, (height, width))
