"""The lab's data sets as floats, tables and pictures, read from files whose checksums are verified.

Every numeric column is ``float64``: scikit-learn's mixtures score integer input wrongly and silently.
Sources, licences and columns are described in ``data/README.md``.
"""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gmmlab.paths import RESULTS, lab_folder

SHA256 = {
    "banknote.csv": "2be7a21a189aa886acf9aa598efe9fe61291466c780a92b20c562a3b72b97e45",
    "china.png": "69410efe6ecd0006e4865ae8e85858b46842f825c18508a252955df4c7028ad1",
    "faithful.csv": "35755e109446ec911891b1eae5cb33bc2f18367ce712145e4f9d27d19f575bad",
    "movielens/LICENSE.txt": "9157c71f61eb9ea8ee77d587a9d73baa5c4dd0dc3179a89eea55453a2de34b92",
    "movielens/movies.csv": "05a2a3584f1af65d124b9fd1fdff1d52132a3a941621950dddb68e6f62cd2723",
    "movielens/ratings.csv": "f2dffb6638b90ca8420d06fa43d5d65a7ccb172acdce6a693469806138e0186d",
    "flower.png": "6c5493a4cf9c07d0bdd9908767178eba94c9b94857ce551f473ff09f1bb64bf7",
    "flower_outline.csv": "e3dc998e33cd8b6cd32535765a76b9f0882a69b835747ad1cc83435d9ac1dd81",
    "landsat_pixels.csv": "7e3b434d562027650f5618e86ff6aa772811aa0740982e6caedb2baecff2343b",
    "penguins.csv": "f2d6493fc64ad958edbabd55eb0fc989af2c5a0458a2c79ccffe7985606feb60",
    "wreath.csv": "a0d1f907c515c872679c34c58f2fe3fc12491758614fe0104c86006f2c708926",
}

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
"""The four measures of a penguin, in the order of the columns."""

BANDS = ["band1_green", "band2_red", "band3_nir", "band4_nir"]
"""The four spectral bands of a Landsat pixel, in the order of the columns."""

AXIS_LABELS = {
    "bill_length_mm": "bill length (mm)",
    "bill_depth_mm": "bill depth (mm)",
    "flipper_length_mm": "flipper length (mm)",
    "body_mass_g": "body mass (g)",
    "eruptions": "eruption length (min)",
    "waiting": "waiting time to the next eruption (min)",
    "rating": "rating (stars)",
    "band1_green": "green, band 1 (grey level)",
    "band2_red": "red, band 2 (grey level)",
    "band3_nir": "near infrared, band 3 (grey level)",
    "band4_nir": "near infrared, band 4 (grey level)",
    "x1": "x1 (no unit)",
    "x2": "x2 (no unit)",
    **{name: f"{name.lower()} (mm)" for name in ("Length", "Left", "Right", "Bottom", "Top", "Diagonal")},
}
"""What to write on an axis for each column: its name in words, with the unit."""


class DataError(Exception):
    """A data file is missing or is not the file that the lab was written for."""


def data_file(name: str) -> Path:
    """Return the path of a data file after verifying its checksum.

    Parameters
    ----------
    name : str
        File name inside ``data/``, for example ``"penguins.csv"``.

    Raises
    ------
    DataError
        If the lab has no such file, or the file is missing or altered; the message says what to do.
    """
    if name not in SHA256:
        raise DataError(f"The lab has no data file {name!r}. It has: {', '.join(sorted(SHA256))}.")
    path = lab_folder() / "data" / name
    mend = "Get the file again: `git checkout -- data` in a checkout, or install the package again."
    if not path.is_file():
        raise DataError(f"The data file {name} is missing; it was expected at {path}. {mend}")
    content = path.read_bytes()
    # Git on Windows may have changed the line ends of a table, which changes no value in it.
    if SHA256[name] not in {sha256(each).hexdigest() for each in (content, content.replace(b"\r\n", b"\n"))}:
        raise DataError(f"The data file {path} was altered: its SHA-256 is not the one on record. {mend}")
    return path


def verify_all() -> list[str]:
    """Return one sentence for each data file that is missing or altered (none: all is well)."""
    problems = []
    for name in SHA256:
        try:
            data_file(name)
        except DataError as error:
            problems.append(str(error))
    return problems


def _read(name: str) -> pd.DataFrame:
    table = pd.read_csv(data_file(name))
    numeric = table.select_dtypes("number").columns
    return table.astype(dict.fromkeys(numeric, np.float64))


def load_penguins() -> pd.DataFrame:
    """Load the Palmer penguins: 344 birds of three species, with missing values.

    Returns
    -------
    DataFrame of shape (344, 8)
        ``species``, ``island``, ``sex`` as text; ``bill_length_mm``, ``bill_depth_mm``,
        ``flipper_length_mm``, ``body_mass_g`` and ``year`` as floats, NaN where missing.

    References
    ----------
    Gorman, Williams & Fraser (2014), PLoS ONE 9(3): e90081.
    """
    return _read("penguins.csv")


def load_faithful() -> pd.DataFrame:
    """Load 272 eruptions of Old Faithful: ``eruptions`` and ``waiting``, both in minutes, as floats.

    References
    ----------
    Azzalini & Bowman (1990), Applied Statistics 39: 357-365.
    """
    return _read("faithful.csv")


def load_banknotes() -> pd.DataFrame:
    """Load 200 Swiss banknotes: ``Status`` (genuine, counterfeit) and six lengths in mm.

    References
    ----------
    Flury & Riedwyl (1988), Multivariate Statistics: A Practical Approach, tables 1.1 and 1.2.
    """
    return _read("banknote.csv")


def load_wreath() -> pd.DataFrame:
    """Load 1000 simulated points ``x1``, ``x2`` (no unit) drawn from 14 Gaussians in a ring.

    References
    ----------
    Data set ``wreath`` of the R package mclust.
    """
    return _read("wreath.csv")


def load_ratings() -> pd.DataFrame:
    """Load 69,104 ratings of films from MovieLens: ``userId`` and ``movieId`` (whole numbers) and ``rating`` in stars.

    The licence, in ``data/movielens/LICENSE.txt``, allows research with acknowledgement, no commercial use.

    Returns
    -------
    DataFrame of shape (69104, 3)
        ``rating`` is a float from 0.5 to 5 in half stars, of 671 users and the 1,303 films with 20 ratings or more.

    References
    ----------
    Harper & Konstan (2015), ACM Transactions on Interactive Intelligent Systems 5(4): 19.
    """
    return _read("movielens/ratings.csv").astype({"userId": int, "movieId": int})


def load_films() -> pd.DataFrame:
    """Load the 1,303 films of `load_ratings`: ``movieId``, ``title``, ``year`` and ``genres``, joined by ``|``.

    References
    ----------
    Harper & Konstan (2015), ACM Transactions on Interactive Intelligent Systems 5(4): 19.
    """
    return _read("movielens/movies.csv").astype({"movieId": int})


def load_results(name: str) -> pd.DataFrame:
    """Load a table that a script in ``benchmarks/`` computed, for example ``"recommend_stars"``.

    A comparison over many draws takes minutes; a notebook reads what came out.

    Raises
    ------
    DataError
        If there is no such table.
    """
    folder = lab_folder() / RESULTS
    if not (folder / f"{name}.csv").is_file():
        there = ", ".join(sorted(path.stem for path in folder.glob("*.csv")))
        raise DataError(f"Expected the name of a table of results ({there}), got {name!r}.")
    return pd.read_csv(folder / f"{name}.csv")


def load_landsat() -> pd.DataFrame:
    """Load 6435 pixels of a Landsat scene: four bands as floats (grey levels 0 to 255), and the surveyed land cover.

    The rows are centre pixels of 3 x 3 windows, without their places, so that the picture cannot be put together
    again. Many pixels are alike: 4042 rows of the four bands are distinct.

    References
    ----------
    Srinivasan, Statlog (Landsat Satellite), UCI Machine Learning Repository.
    """
    return _read("landsat_pixels.csv")


def load_flower() -> NDArray[np.float64]:
    """Load the photograph of a dahlia: shape (214, 320, 3), red, green and blue as floats from 0 to 1."""
    return _read_picture("flower.png")


def load_china() -> NDArray[np.float64]:
    """Load the photograph of a pagoda: shape (214, 320, 3), red, green and blue as floats from 0 to 1."""
    return _read_picture("china.png")


def _read_picture(name: str) -> NDArray[np.float64]:
    from PIL import Image

    with Image.open(data_file(name)) as picture:
        return np.asarray(picture, dtype=np.float64) / 255


def load_flower_outline() -> pd.DataFrame:
    """Load the dahlia's outline as traced by hand: ``part``, and ``x``, ``y`` in pixels of the 640 x 427 original.

    The parts ``dahlia`` and ``dahlia_lower`` are the flower; ``void_bud`` is a bud that is not to be judged.
    """
    return _read("flower_outline.csv")
