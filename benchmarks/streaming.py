"""What does it cost to fit rows that do not fit: streamed from a file, sampled first, spread over two workers?

    python benchmarks/streaming.py                  ten million rows, 0.7 GB of disk, about ten minutes
    python benchmarks/streaming.py --rows 1000000   about a minute; scikit-learn takes part

Every fit runs in a process of its own, so that its peak memory is its own: what the process itself allocated, without
the pages of the file that the operating system keeps as long as nobody else wants them, and without the workers of a
pool or of Dask. CPU time is that of all processes that take part, their start included,
wall time that of the fit alone; on a machine that is busy only the first means much.
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads

import argparse
import logging
import multiprocessing as mp
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from sklearn.mixture import GaussianMixture

from gmmlab.engine.parameters import Result
from gmmlab.mixture import Parameters, as_parameters, best_fit, em, em_blocks

BLOCK = 100_000  # rows
SAMPLE = 20_000  # rows
WRITTEN = 500_000  # rows that are drawn at once


def write_rows(file: Path, n: int, d: int, k: int) -> None:
    """Draw n rows from k overlapping Gaussians and write them, a part at a time."""
    rng = np.random.default_rng([n, d, k])
    centres, shapes = 2 * rng.standard_normal((k, d)), np.eye(d) + rng.standard_normal((k, d, d)) / np.sqrt(d)
    rows = np.lib.format.open_memmap(file, mode="w+", dtype=float, shape=(n, d))
    for i in range(0, n, WRITTEN):
        part = rows[i : i + WRITTEN]
        labels = rng.integers(k, size=len(part))
        part[:] = rng.standard_normal(part.shape)
        for j in range(k):
            part[labels == j] = part[labels == j] @ shapes[j].T + centres[j]
    rows.flush()


def read_rows(file: Path, first: int) -> np.ndarray:
    return np.load(file, mmap_mode="r")[first : first + BLOCK]


def readers(file: Path) -> list[Callable[[], np.ndarray]]:
    return [partial(read_rows, file, i) for i in range(0, len(np.load(file, mmap_mode="r")), BLOCK)]


def streamed(file: Path, start: Parameters, **how) -> Result:
    return em_blocks(readers(file), start, **how)


def in_memory(file: Path, start: Parameters, **how) -> Result:
    return em(np.load(file), start, **how)


def pooled(file: Path, start: Parameters, **how) -> Result:
    with ProcessPoolExecutor(2, mp_context=mp.get_context("spawn")) as pool:
        return em_blocks(readers(file), start, map=pool.map, **how)


def by_dask(file: Path, start: Parameters, **how) -> Result:
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster

    n, d = np.load(file, mmap_mode="r").shape
    read = dask.delayed(read_rows)
    parts = [da.from_delayed(read(file, i), (min(BLOCK, n - i), d), float) for i in range(0, n, BLOCK)]
    quiet = {"dashboard_address": "localhost:0", "silence_logs": logging.ERROR}
    with LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster, Client(cluster) as client:
        client.run(partial(__import__, "gmmlab.engine.blocks"))
        began = time.perf_counter()
        found = em_blocks(da.concatenate(parts), start, **how)
        by_dask.seconds = time.perf_counter() - began  # without the start of the cluster
        return found


def scikit_learn(file: Path, start: Parameters, *, tol: float, max_iter: int) -> Result:
    """Fit by scikit-learn's own start on all rows."""
    gmm = GaussianMixture(len(start.weights), tol=tol, max_iter=max_iter, random_state=0).fit(np.load(file))
    parameters = as_parameters(gmm)
    return Result(parameters, np.array([gmm.lower_bound_]), gmm.n_iter_, gmm.converged_)


def from_sample(file: Path, start: Parameters, **how) -> Result:
    """Search on a sample, then polish on all rows."""
    gmm = best_fit(sample_of(file), len(start.weights))
    return streamed(file, as_parameters(gmm), **how)


def sample_of(file: Path) -> np.ndarray:
    rows = np.load(file, mmap_mode="r")
    return np.array(rows[np.sort(np.random.default_rng(0).choice(len(rows), SAMPLE, replace=False))])


def plain_start(file: Path, k: int) -> Parameters:
    """Return rows as means and the covariance of a sample: a start from which EM has a way to go."""
    sample = sample_of(file)
    return Parameters(np.full(k, 1 / k), sample[:k], np.tile(np.cov(sample.T), (k, 1, 1)), "full")


def measured(fit: Callable[..., Result], file: Path, start: Parameters, how: dict, pipe) -> None:
    """Run a fit in this process and send what it took."""
    me, peak, done = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], own_bytes(me))

    before, cpu = own_bytes(me), cpu_seconds()
    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    found = fit(file, start, **how)
    wall = getattr(fit, "seconds", time.perf_counter() - began)
    done.set()
    watcher.join()
    pipe.send((found, wall, cpu_seconds() - cpu, (peak[0] - before) / 1e6))


def own_bytes(process: psutil.Process) -> int:
    """Return what the process holds for itself, without pages of mapped files."""
    memory = process.memory_info()
    return memory.rss - getattr(memory, "shared", 0)


def cpu_seconds() -> float:
    times = os.times()  # of children those that have ended
    return times.user + times.system + times.children_user + times.children_system


def run(fit: Callable[..., Result], file: Path, start: Parameters, **how) -> tuple[Result, dict]:
    context = mp.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=measured, args=(fit, file, start, how, there))
    child.start()
    there.close()
    found, wall, cpu, peak = here.recv()
    child.join()
    return found, {
        "fit": fit.__name__,
        "iterations": found.n_iter,
        "wall s": wall,
        "CPU s": cpu,
        "peak MB": peak,
        "log-likelihood a row": found.mean_log_likelihood,
    }


def difference(one: Result, other: Result) -> float:
    """Return the largest relative difference of log-likelihoods and parameters (absolute below 1)."""
    pairs = [(one.mean_log_likelihoods, other.mean_log_likelihoods)]
    pairs += [(getattr(one.parameters, n), getattr(other.parameters, n)) for n in ("weights", "means", "covariances")]
    return max(float((np.abs(a - b) / np.maximum(np.abs(a), 1)).max()) for a, b in pairs)


def exponents(n: int = 20_000, d: int = 8, k: int = 8) -> pd.DataFrame:
    """Return how the CPU time of an iteration grows in n, d and k: the slope of the logarithms, last three sizes."""
    grids = {
        "n": [(n * 2**i, d, k) for i in range(6)],
        "d": [(n, size, k) for size in (2, 4, 8, 16, 32, 64)],
        "k": [(n, d, 2**i) for i in range(1, 7)],
    }
    rows = []
    for name, grid in grids.items():
        seconds = [one_iteration(*sizes) for sizes in grid]
        sizes = [cell["ndk".index(name)] for cell in grid]
        slopes = np.diff(np.log(seconds)) / np.diff(np.log(sizes))
        rows.append({"grows": name, "sizes": sizes, "ms": np.round(1e3 * np.array(seconds), 2).tolist()})
        rows[-1]["exponent"] = np.polyfit(np.log(sizes[-3:]), np.log(seconds[-3:]), 1)[0]
        rows[-1]["steps"] = slopes.round(2).tolist()
    return pd.DataFrame(rows)


def one_iteration(n: int, d: int, k: int) -> float:
    X = np.random.default_rng(0).normal(size=(n, d))
    start, took = Parameters(np.full(k, 1 / k), X[:k], np.tile(np.eye(d), (k, 1, 1)), "full"), []
    for _ in range(5):
        began = time.process_time()
        em(X, start, max_iter=4, tol=0)
        took.append((time.process_time() - began) / 4)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--components", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.npy"
        write_rows(file, given.rows, given.features, given.components)
        print(f"{given.rows:,} rows, {given.features} features: {file.stat().st_size / 1e6:.0f} MB on disk")
        gmm = best_fit(sample_of(file), given.components)
        near = as_parameters(gmm)

        print("\nTen iterations from the same start:")
        fits = [run(fit, file, near, max_iter=10, tol=0) for fit in (in_memory, streamed, pooled, by_dask)]
        table = pd.DataFrame([row for _, row in fits])
        table["differs by"] = [difference(found, fits[0][0]) for found, _ in fits]
        print(table.to_string(index=False, float_format="%.6g"))

        print("\nTo convergence (a gain below 1e-6 a row): all rows from a plain start, and a sample that is polished:")
        plain = plain_start(file, given.components)
        fits = [streamed, from_sample, *([scikit_learn] if given.rows <= 2_000_000 else [])]
        rows = [run(fit, file, plain, max_iter=1000, tol=1e-6)[1] for fit in fits]
        print(pd.DataFrame(rows).to_string(index=False, float_format="%.8g"))

        print("\nWhat a sample alone loses, a row:")
        best, _ = run(streamed, file, near, max_iter=200, tol=1e-9)
        alone, _ = run(streamed, file, near, max_iter=1, tol=0)
        p = given.components * (1 + given.features + given.features * (given.features + 1) // 2) - 1
        loss = best.mean_log_likelihood - alone.mean_log_likelihood
        print(
            f"{SAMPLE:,} rows lose {loss:.6f}; p / 2m = {p / 2 / SAMPLE:.6f}; polishing took {best.n_iter} iterations"
        )
    print("\nCPU time of an iteration against n, d and k:")
    print(exponents().to_string(index=False))


if __name__ == "__main__":
    main()
