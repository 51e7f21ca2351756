import re
import shutil
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from gmmlab import data
from gmmlab.paths import lab_folder

FOLDER = lab_folder() / "data"
FILES = sorted(
    path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md"
)
LOADERS = {
    "banknote.csv": data.load_banknotes,
    "faithful.csv": data.load_faithful,
    "movielens/movies.csv": data.load_films,
    "movielens/ratings.csv": data.load_ratings,
    "flower_outline.csv": data.load_flower_outline,
    "landsat_pixels.csv": data.load_landsat,
    "penguins.csv": data.load_penguins,
    "wreath.csv": data.load_wreath,
}
SHAPES = {
    "banknote.csv": (200, 7),
    "faithful.csv": (272, 2),
    "movielens/movies.csv": (1303, 4),
    "movielens/ratings.csv": (69104, 3),
    "flower_outline.csv": (136, 3),
    "landsat_pixels.csv": (6435, 5),
    "penguins.csv": (344, 8),
    "wreath.csv": (1000, 2),
}
PICTURES = {"china.png": data.load_china, "flower.png": data.load_flower}

every_file = pytest.mark.parametrize("name", FILES)
every_table = pytest.mark.parametrize("name", LOADERS)
every_picture = pytest.mark.parametrize("load", PICTURES.values(), ids=PICTURES)


def measures(name: str) -> pd.DataFrame:
    return LOADERS[name]().select_dtypes("number").drop(columns=["year", "userId", "movieId"], errors="ignore")


@every_table
def test_numeric_columns_are_float64(name):
    assert {str(dtype) for dtype in measures(name).dtypes} <= {"float64"}


@every_table
def test_a_table_has_all_its_rows_and_columns(name):
    assert LOADERS[name]().shape == SHAPES[name]


def test_two_penguins_lack_all_four_measures():
    lacking = data.load_penguins()[data.MEASURES].isna().sum(axis=1)
    assert lacking[lacking > 0].tolist() == [4, 4]


def test_eleven_penguins_lack_their_sex():
    assert data.load_penguins()["sex"].isna().sum() == 11


@pytest.mark.parametrize("name", [name for name in LOADERS if name != "penguins.csv"])
def test_other_tables_are_complete(name):
    assert not LOADERS[name]().isna().any(axis=None)


def test_waiting_is_whole_minutes_as_floats():
    waiting = data.load_faithful()["waiting"]
    assert waiting.dtype == np.float64
    assert (waiting % 1 == 0).all()


def test_half_of_the_banknotes_are_counterfeit():
    assert data.load_banknotes()["Status"].value_counts().to_dict() == {"genuine": 100, "counterfeit": 100}


def test_ratings_are_half_stars_from_a_half_to_five():
    assert sorted(data.load_ratings()["rating"].unique()) == [k / 2 for k in range(1, 11)]


def test_every_rated_film_is_in_the_table_of_films():
    assert set(data.load_ratings()["movieId"]) == set(data.load_films()["movieId"])


def test_the_terms_of_the_ratings_lie_beside_them():
    assert "may not use this information for any commercial" in data.data_file("movielens/LICENSE.txt").read_text(
        "utf-8"
    )


# The outline's x and y are corners to be drawn on the picture, not features.
@pytest.mark.parametrize("name", [name for name in LOADERS if name != "flower_outline.csv"])
def test_every_measure_has_an_axis_label_with_its_unit(name):
    for column in measures(name):
        assert re.fullmatch(r".+ \((mm|g|min|stars|grey level|no unit)\)", data.AXIS_LABELS[column])


def test_landsat_has_six_covers_and_4042_distinct_pixels():
    scene = data.load_landsat()
    assert scene["landcover"].nunique() == 6
    assert len(scene[data.BANDS].drop_duplicates()) == 4042


def test_landsat_bands_are_whole_grey_levels_as_floats():
    bands = data.load_landsat()[data.BANDS].to_numpy()
    assert bands.dtype == np.float64
    assert (bands % 1 == 0).all()
    assert 0 <= bands.min() < bands.max() <= 255


@every_picture
def test_a_picture_is_floats_from_0_to_1(load):
    picture = load()
    assert picture.dtype == np.float64
    assert picture.shape == (214, 320, 3)
    assert 0 <= picture.min() < 0.1 < 0.9 < picture.max() <= 1


def test_the_outline_lies_on_the_original_of_640_by_427_pixels():
    outline = data.load_flower_outline()
    assert outline["x"].between(0, 640).all()
    assert outline["y"].between(0, 428).all()  # the lower bloom is cut by the edge, so it is closed just outside


@pytest.fixture
def copied(tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "data", copy_function=shutil.copyfile)
    monkeypatch.setattr(data, "lab_folder", lambda: tmp_path)
    return tmp_path / "data"


def alter(path):
    path.write_bytes(path.read_bytes() + b"\n")


@every_table
def test_a_missing_file_is_reported_with_the_mend(copied, name):
    (copied / name).unlink()
    with pytest.raises(data.DataError, match=rf"{name} is missing.*`git checkout -- data`.*install the package"):
        LOADERS[name]()


@every_table
def test_an_altered_file_is_reported_with_the_mend(copied, name):
    alter(copied / name)
    with pytest.raises(data.DataError, match=rf"{name} was altered.*`git checkout -- data`.*install the package"):
        LOADERS[name]()


@every_table
def test_line_ends_of_windows_alter_no_value(copied, name):
    before = LOADERS[name]()
    file = copied / name
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(LOADERS[name](), before)


def test_an_unknown_file_is_answered_with_the_names_of_those_there():
    with pytest.raises(data.DataError, match=r"no data file 'pinguins\.csv'.*penguins\.csv"):
        data.data_file("pinguins.csv")


def test_results_of_benchmarks_are_read_by_name():
    assert len(data.load_results("search")) > 100


def test_unknown_results_are_answered_with_the_names_of_those_there():
    with pytest.raises(data.DataError, match=r"em, .*search.*got 'no-such'"):
        data.load_results("no-such")


def test_all_is_well_with_an_untouched_folder(copied):
    assert data.verify_all() == []


def test_verification_names_each_missing_and_each_altered_file(copied):
    (copied / "faithful.csv").unlink()
    alter(copied / "wreath.csv")
    missing, altered = data.verify_all()
    assert "faithful.csv is missing" in missing
    assert "wreath.csv was altered" in altered


def test_every_file_of_the_data_folder_has_its_checksum_on_record():
    assert sorted(data.SHA256) == FILES


@every_file
def test_the_checksum_on_record_is_that_of_the_bytes(name):
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == data.SHA256[name]


def sections() -> dict[str, str]:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def entry(name: str, key: str) -> str:
    return re.search(rf"^\| {key} \| (.+) \|$", sections()[name], flags=re.MULTILINE)[1]


def test_the_readme_has_one_section_for_every_file():
    assert sorted(sections()) == FILES


@every_file
def test_the_readme_gives_the_checksum(name):
    assert entry(name, "sha256") == f"`{data.SHA256[name]}`"


@every_file
@pytest.mark.parametrize("key", ["source", "licence", "citation"])
def test_the_readme_gives_origin_and_terms(name, key):
    assert len(entry(name, key)) > 5


@every_table
def test_the_readme_gives_rows_and_missing_values(name):
    table = LOADERS[name]()
    stated = int(entry(name, "rows")), int(entry(name, "missing values"))
    assert stated == (len(table), table.isna().sum().sum())


@every_table
def test_the_readme_explains_every_column(name):
    explained = re.findall(r"^\| `(\w+)` \| [^|]* \| .+ \|$", sections()[name], flags=re.MULTILINE)
    assert explained == list(LOADERS[name]().columns)
