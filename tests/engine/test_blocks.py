"""EM on blocks of rows gives what it gives on all rows together, in the memory of one block."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from gmmlab.engine.blocks import em_blocks
from gmmlab.engine.em_steps import em
from gmmlab.engine.parameters import Parameters
from gmmlab.mixture import COVARIANCE_TYPES

RNG = np.random.default_rng(0)
X = 50 + RNG.normal(size=(3000, 3)) * [1, 2, 5] + 4 * RNG.integers(3, size=(3000, 1))
CUTS = [0, 1, 700, 700, 2500]  # blocks of 0, 1, 699, 0, 1800 and 500 rows
BLOCKS = np.split(X, CUTS)


def start_for(covariance_type="full", k=3):
    common = np.cov(X.T)
    covariances = {
        "full": np.tile(common, (k, 1, 1)),
        "tied": common,
        "diag": np.tile(np.diag(common), (k, 1)),
        "spherical": np.full(k, np.trace(common) / 3),
    }[covariance_type]
    return Parameters(np.full(k, 1 / k), X[:k], covariances, covariance_type)


def assert_same(one, other, tolerance=1e-9):
    assert one.n_iter == other.n_iter
    np.testing.assert_allclose(one.mean_log_likelihoods, other.mean_log_likelihoods, rtol=tolerance)
    for name in ("weights", "means", "covariances"):
        a, b = getattr(one.parameters, name), getattr(other.parameters, name)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


WHOLE = em(X, start_for(), max_iter=20, tol=0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_blocks_give_the_fit_of_all_rows_together(covariance_type):
    start = start_for(covariance_type)
    assert_same(em_blocks(BLOCKS, start, max_iter=20, tol=0), em(X, start, max_iter=20, tol=0))


def test_blocks_converge_in_the_iteration_in_which_all_rows_do():
    assert_same(em_blocks(BLOCKS, start_for(), tol=1e-5), em(X, start_for(), tol=1e-5))


def test_far_from_the_origin_no_digits_are_lost():
    far = em_blocks([block + 1e6 for block in BLOCKS], start_for().shifted(1e6), max_iter=20, tol=0)
    np.testing.assert_allclose(far.parameters.means - 1e6, WHOLE.parameters.means, rtol=1e-6)
    np.testing.assert_allclose(far.parameters.covariances, WHOLE.parameters.covariances, rtol=1e-5, atol=1e-6)


def test_blocks_in_single_precision_are_computed_in_it():
    single = X.astype(np.float32)
    blocks = em_blocks(np.split(single, CUTS), start_for(), max_iter=5, tol=0)
    assert blocks.mean_log_likelihood == pytest.approx(
        em(single, start_for(), max_iter=5, tol=0).mean_log_likelihood, 1e-4
    )


def test_slices_of_a_memory_mapped_file_are_blocks(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert_same(em_blocks([mapped[i : i + 1000] for i in range(0, 3000, 1000)], start_for(), max_iter=20, tol=0), WHOLE)


@pytest.fixture
def readers(tmp_path):
    """Return functions that read one block each."""
    for number, block in enumerate(BLOCKS):
        np.save(tmp_path / f"{number}.npy", block)
    return [partial(np.load, tmp_path / f"{number}.npy") for number in range(len(BLOCKS))]


def test_files_are_read_when_their_turn_comes(readers):
    assert_same(em_blocks(readers, start_for(), max_iter=20, tol=0), WHOLE)


def test_any_map_takes_the_blocks_to_its_workers(readers):
    with ThreadPoolExecutor(2) as pool:
        assert_same(em_blocks(readers, start_for(), max_iter=20, tol=0, map=pool.map), WHOLE)


LIMITED = """
import resource, sys
import numpy as np
from gmmlab.engine.blocks import em_blocks
from gmmlab.engine.em_steps import Parameters

mapped = np.load(sys.argv[1], mmap_mode="r")
start = Parameters(np.full(2, 0.5), mapped[:2], np.tile(np.eye(8), (2, 1, 1)))
em_blocks([mapped[:1000]], start, max_iter=1)  # now the matrix library has its buffers
status = dict(line.split(":") for line in open("/proc/self/status"))
used = int(status["VmData"].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + mapped.nbytes // 2, resource.RLIM_INFINITY))
try:
    np.array(mapped)
except MemoryError:
    found = em_blocks([mapped[i : i + 20_000] for i in range(0, len(mapped), 20_000)], start, max_iter=2, tol=0)
    print("fitted", found.n_iter)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory that a process writes to")
def test_a_file_larger_than_the_memory_it_may_use_is_fitted(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(500_000, 8)))
    run = subprocess.run([sys.executable, "-c", LIMITED, tmp_path / "rows.npy"], capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("fitted 2", "")


class Shrinking:
    """Rows that are there only once."""

    def __init__(self):
        self.passes = 0

    def __iter__(self):
        self.passes += 1
        return iter([X] if self.passes < 3 else [X[:100]])


def with_block(number, block):
    return [block if i == number else X[:100] for i in range(20)]


REFUSED = {
    "a generator": (lambda: (block for block in BLOCKS), "as a generator, which is used up after one pass"),
    "other rows in the second pass": (Shrinking, "Pass 2 .* brought 100 rows, the first pass 3000"),
    "missing entries": (lambda: with_block(17, np.full((5, 3), np.nan)), "Block 17: X has missing entries"),
    "missing entries in the first": (lambda: with_block(0, np.full((5, 3), np.nan)), "Block 0: X has missing entries"),
    "infinite entries": (lambda: with_block(4, np.full((5, 3), np.inf)), "Block 4: X has infinite entries"),
    "other columns": (lambda: with_block(3, np.ones((10, 2))), r"Block 3: X has shape \(10, 2\); expected \(n, 3\)"),
    "text": (lambda: with_block(2, ["a", "b", "c"]), "Block 2: "),
    "an array that is not cut": (lambda: X, "Block 0: Reshape your data: X has one dimension"),
    "no blocks": (list, "no blocks"),
    "no rows": (lambda: [X[:0], X[:0]], "0 rows in all; 3 components need at least 3"),
    "fewer rows than components": (lambda: [X[:1], X[1:2]], "2 rows in all; 3 components need at least 3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unfit_blocks_are_refused_with_a_sentence(name):
    make, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        em_blocks(make(), start_for(), max_iter=3, tol=0)


def chunked(rows, chunks):
    """Return a Dask array."""
    return pytest.importorskip("dask.array").from_array(rows, chunks=chunks)


@pytest.fixture
def here():
    """Run Dask's tasks in this thread."""
    with pytest.importorskip("dask").config.set(scheduler="synchronous"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_dask_array_gives_the_fit_of_one_process(here, covariance_type):
    start = start_for(covariance_type)
    many = chunked(X, (150, 3))  # 20 chunks: their sums are added up in two steps
    assert_same(em_blocks(many, start, max_iter=5, tol=0), em(X, start, max_iter=5, tol=0))


def test_a_dask_array_may_be_cut_by_columns_too(here):
    assert_same(em_blocks(chunked(X, (800, 2)), start_for(), max_iter=20, tol=0), WHOLE)


def test_a_dask_array_need_not_know_how_many_rows_it_has(here):
    some = chunked(X, (800, 3))
    some = some[some[:, 0] > 52]
    assert_same(em_blocks(some, start_for(), max_iter=5), em(X[X[:, 0] > 52], start_for(), max_iter=5))


def test_a_dask_array_of_other_columns_is_refused_before_it_is_read():
    with pytest.raises(ValueError, match=r"Dask array has shape \(3000, 2\); expected \(n, 3\)"):
        em_blocks(chunked(X[:, :2], (800, 2)), start_for())


def test_missing_entries_in_a_chunk_are_refused_with_its_number(here):
    holes = X.copy()
    holes[1750, 1] = np.nan
    with pytest.raises(ValueError, match="Block 17: X has missing entries"):
        em_blocks(chunked(holes, (100, 3)), start_for())


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    quiet = {"processes": False, "dashboard_address": "localhost:0", "silence_logs": logging.ERROR}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as local,
        distributed.Client(local) as client,
    ):
        yield client


def test_a_cluster_gives_the_fit_of_one_process(cluster):
    assert_same(em_blocks(chunked(X, (800, 3)).persist(), start_for(), max_iter=20, tol=0), WHOLE)
