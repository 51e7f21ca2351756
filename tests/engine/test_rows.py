import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from gmmlab.mixture import best_fit, search

X = np.random.default_rng(0).normal(size=(40, 2))
REFUSED = {
    "sparse": (csr_array(X), "X is sparse"),
    "masked": (np.ma.masked_array(X, X > 2), "masked entries"),
    "complex": (X + 1j, "complex numbers"),
    "text": (X.astype(str), "text"),
    "a column of text": (pd.DataFrame(X).assign(name="a"), "text"),
    "boolean": (X > 0, "Boolean"),
    "one dimension": (X[:, 0], "one dimension, of 40"),
    "a series": (pd.Series(X[:, 0]), "one dimension, of 40"),
    "one name twice": (pd.DataFrame(X, columns=["a", "a"]), "have the name 'a'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_numbers_is_refused_in_a_sentence(case):
    data, words = REFUSED[case]
    for fit in (lambda: best_fit(data, 2), lambda: search(data, [1])):
        with pytest.raises(ValueError, match=words):
            fit()


def test_numbers_of_any_kind_give_one_fit():
    whole = (10 * X).round()
    expected = best_fit(whole, 2, n_init=4)
    frame = pd.DataFrame(whole)
    for same in (
        whole.astype(int),
        whole.astype(np.float32),
        whole.astype(object),
        np.ma.masked_array(whole),
        frame.astype("Int64"),
        whole.tolist(),
        frame.astype({0: "Float64"}),
    ):
        assert np.allclose(best_fit(same, 2, n_init=4).means_, expected.means_)


def test_a_search_of_nothing_and_five_rows():
    with pytest.raises(ValueError, match="at least one number of components and one covariance type"):
        search(X, [])
    with pytest.raises(ValueError, match="6 components need at least as many samples, but got 5"):
        search(X[:5], [6])
    assert len(search(X[:5], [1], progress=False)) == 4
