"""How fast is the lab's EM? The same data, start and number of iterations for every engine, on one thread.

    python benchmarks/em.py            the whole grid, about 50 minutes
    python benchmarks/em.py --quick    a small grid, about a minute

scikit-learn and this package always run; R's mclust, gmmx, pomegranate and OpenCV run where they are installed.
Only EM iterations are timed (CPU time). The engines of a cell take turns, and the ratio of a cell is the median of
its rounds. For each cell every engine has a process of its own, in which nothing has run: threads of one would count
as CPU time of another, and large arrays that one has freed make another up to twice as fast, since the C library then
keeps memory instead of asking for it again. A run of less than 0.2 s is made twice, and the second counts: after the
others' turns caches are cold. The log-likelihood each engine reached is judged by one and the same function.

At the end it prints which share of the machine's rate of dgemm and sgemm an iteration of `full` reaches. On paper an
iteration needs, for each row and component, one multiplication and one addition for each of the (d + 1)(d + 2) / 2
coefficients of the log density, and as many for the sums: 2 (d + 1)(d + 2) operations. Exponentials are not counted.
"""

import os

from gmmlab.course import ONE_THREAD

os.environ.update(ONE_THREAD)  # read when numpy loads
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

# ruff: noqa: E501 (the R program is denser)
import argparse
import itertools
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import astuple, dataclass
from functools import lru_cache
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from tqdm import tqdm

from gmmlab.engine.covariances import TYPES
from gmmlab.mixture import COVARIANCE_TYPES, Parameters, e_step, em, statistics

REG_COVAR = 1e-6
SKLEARN, OURS = "scikit-learn", "gmmlab"
COLOURS = {3: "#0072B2", 10: "#D55E00", 50: "#009E73"}  # Okabe & Ito
MARKERS = {3: "o", 10: "s", 50: "^"}


@dataclass(frozen=True)
class Cell:
    n: int
    d: int
    k: int
    covariance_type: str
    dtype: str

    @property
    def work(self) -> float:
        """Rough number of multiplications in an iteration of scikit-learn."""
        return self.n * self.k * self.d * (self.d if self.covariance_type in ("full", "tied") else 1)

    @property
    def bytes(self) -> int:
        """Rough peak memory of an iteration of scikit-learn."""
        return self.n * (5 * self.k + 4 * self.d) * np.dtype(self.dtype).itemsize


class TimedMixture(GaussianMixture):
    """Scikit-learn's own iterations, timed from the first E-step to the last M-step."""

    def _e_step(self, X, **kwargs):
        if hasattr(self, "finished_"):  # the labels that `fit` computes afterwards are not part of EM
            return 0.0, np.zeros((1, 1))
        if not hasattr(self, "began_"):
            self.began_ = time.process_time()
        return super()._e_step(X, **kwargs)

    def _m_step(self, X, log_resp, **kwargs):
        super()._m_step(X, log_resp, **kwargs)
        self.seconds_ = time.process_time() - self.began_

    def _set_parameters(self, params, **kwargs):
        super()._set_parameters(params, **kwargs)
        self.finished_ = True


Run = tuple[float, Parameters]
Engine = Callable[[np.ndarray, Parameters, int], Run]


def run_sklearn(X: np.ndarray, start: Parameters, iterations: int) -> Run:
    kind = start.covariance_type
    precisions = np.linalg.inv(start.covariances) if kind in ("full", "tied") else 1 / start.covariances
    model = TimedMixture(
        len(start.weights),
        covariance_type=kind,
        weights_init=start.weights.astype(X.dtype),
        means_init=start.means.astype(X.dtype),
        precisions_init=precisions.astype(X.dtype),
        max_iter=iterations,
        tol=0,
        reg_covar=REG_COVAR,
    ).fit(X)
    return model.seconds_, fitted(model.weights_, model.means_, model.covariances_, kind)


def run_gmmlab(X: np.ndarray, start: Parameters, iterations: int) -> Run:
    began = time.process_time()
    result = em(X, start, max_iter=iterations, tol=0, reg_covar=REG_COVAR)
    return time.process_time() - began, result.parameters


def fitted(weights, means, covariances, kind: str) -> Parameters:
    weights = np.asarray(weights, dtype=float).ravel()
    return Parameters(weights / weights.sum(), means, covariances, kind)


def gmmx_engine() -> Engine:
    import jax
    from gmmx import EMFitter, GaussianMixtureModelJax

    def run(X: np.ndarray, start: Parameters, iterations: int) -> Run:
        if X.dtype != np.float32 or start.covariance_type not in ("full", "diag"):
            raise NotImplementedError("gmmx has full and diag, in float32")
        if start.covariances.size * len(X) * X.itemsize > free_bytes() / 4:
            raise NotImplementedError("gmmx holds an (n, k, d, d) array")
        arrays = (jax.numpy.asarray(a, dtype=X.dtype) for a in (start.means, start.covariances, start.weights))
        means, covariances, weights = arrays
        model = GaussianMixtureModelJax.from_squeezed(
            means=means, covariances=covariances, weights=weights, covariance_type=start.covariance_type
        )
        fitter, x = EMFitter(max_iter=iterations, tol=0, reg_covar=REG_COVAR), jax.numpy.asarray(X)
        if (X.shape, str(X.dtype), start.covariance_type, len(weights)) not in compiled:
            fitter.fit(x=x, gmm=model).gmm.means.block_until_ready()
            compiled.add((X.shape, str(X.dtype), start.covariance_type, len(weights)))
        began = time.process_time()
        found = fitter.fit(x=x, gmm=model).gmm
        found.means.block_until_ready()
        seconds = time.process_time() - began
        k, d = start.means.shape
        covariances = np.asarray(found.covariances.values).reshape(start.covariances.shape)
        return seconds, fitted(found.weights, np.asarray(found.means).reshape(k, d), covariances, start.covariance_type)

    compiled: set = set()
    return run


def pomegranate_engine() -> Engine:
    import torch
    from pomegranate.distributions import Normal
    from pomegranate.gmm import GeneralMixtureModel

    torch.set_num_threads(1)

    def run(X: np.ndarray, start: Parameters, iterations: int) -> Run:
        kind = start.covariance_type
        if X.dtype != np.float32 or kind not in ("full", "diag"):
            raise NotImplementedError("pomegranate has full and diag, in float32")
        parts = [
            Normal(m.astype(X.dtype), c.astype(X.dtype), covariance_type=kind)
            for m, c in zip(start.means, start.covariances, strict=True)
        ]
        model = GeneralMixtureModel(parts, priors=start.weights.astype(X.dtype), max_iter=iterations, tol=-np.inf)
        x, began = torch.from_numpy(X), time.process_time()
        model.fit(x)
        seconds = time.process_time() - began
        means, covs = (np.array([getattr(p, a).detach().numpy() for p in parts]) for a in ("means", "covs"))
        return seconds, fitted(model.priors.detach().numpy(), means, covs, kind)

    return run


def opencv_engine() -> Engine:
    import cv2

    cv2.setNumThreads(1)
    kinds = {
        "full": cv2.ml.EM_COV_MAT_GENERIC,
        "diag": cv2.ml.EM_COV_MAT_DIAGONAL,
        "spherical": cv2.ml.EM_COV_MAT_SPHERICAL,
    }

    def run(X: np.ndarray, start: Parameters, iterations: int) -> Run:
        kind = start.covariance_type
        if kind not in kinds:
            raise NotImplementedError("OpenCV has no tied covariances")
        model = cv2.ml.EM_create()
        model.setClustersNumber(len(start.weights))
        model.setCovarianceMatrixType(kinds[kind])
        model.setTermCriteria((cv2.TERM_CRITERIA_COUNT, iterations, 0.0))
        responsibilities = e_step(X, start)[0]  # `trainE` takes no covariances from Python
        began = time.process_time()
        model.trainM(X, responsibilities)
        seconds = time.process_time() - began
        full = np.array(model.getCovs())
        covariances = start.type.of_matrices(full, full[0])
        return seconds, fitted(model.getWeights(), model.getMeans(), covariances, kind)

    return run


MCLUST = """
suppressPackageStartupMessages(library(mclust))
a <- commandArgs(TRUE); size <- as.integer(a[3:6]); n <- size[1]; d <- size[2]; k <- size[3]; model <- a[7]
numbers <- readBin(a[1], "double", file.size(a[1]) / 8)
take <- function(count) { got <- numbers[seq_len(count)]; numbers <<- numbers[-seq_len(count)]; got }
x <- matrix(take(n * d), n, d); weights <- take(k); means <- matrix(take(d * k), d, k); sigma <- array(numbers, c(d, d, k))
variance <- list(modelName = model, d = d, G = k, sigma = sigma)
if (model == "VVV") variance$cholsigma <- array(apply(sigma, 3, chol), c(d, d, k))
if (model == "EEE") variance$cholSigma <- chol(sigma[, , 1])
if (model %in% c("VVI", "VII")) {
  diagonals <- matrix(apply(sigma, 3, diag), d, k); variance$scale <- exp(colMeans(log(diagonals)))
  variance$shape <- sweep(diagonals, 2, variance$scale, "/"); variance$sigmasq <- variance$scale }
parameters <- list(pro = weights, mean = means, variance = variance)
began <- proc.time()
fit <- em(x, model, parameters, control = emControl(tol = c(0, 0), itmax = c(size[4], size[4])), warn = FALSE)
seconds <- sum((proc.time() - began)[1:2]); found <- fit$parameters
writeBin(as.double(c(seconds, found$pro, found$mean, found$variance$sigma)), a[2])
"""
MCLUST_MODELS = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}


def mclust_engine() -> Engine:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(mclust)"], capture_output=True).returncode:
        raise ImportError("Rscript with the package mclust")

    def run(X: np.ndarray, start: Parameters, iterations: int) -> Run:
        if X.dtype != np.float64:
            raise NotImplementedError("R has float64 only")
        (n, d), k, kind = X.shape, len(start.weights), start.covariance_type
        with tempfile.TemporaryDirectory() as folder:
            given, got, script = (Path(folder) / name for name in ("given", "got", "em.R"))
            script.write_text(MCLUST)
            np.concatenate(
                [X.T.ravel(), start.weights, start.means.ravel(), start.type.matrices(start.covariances, k, d).ravel()]
            ).tofile(given)
            sizes = [str(number) for number in (n, d, k, iterations)]
            subprocess.run([rscript, script, given, got, *sizes, MCLUST_MODELS[kind]], check=True, capture_output=True)
            seconds, *numbers = np.fromfile(got)
        weights, means, sigma = np.split(np.array(numbers), [k, k + k * d])
        sigma = sigma.reshape(k, d, d)
        shaped = start.type.of_matrices(sigma, sigma[0])
        return seconds, fitted(weights, means.reshape(k, d), shaped, kind)

    return run


PEERS = {
    "mclust (R)": mclust_engine,
    "gmmx (JAX)": gmmx_engine,
    "pomegranate (torch)": pomegranate_engine,
    "OpenCV": opencv_engine,
}


def run_engine(name: str, cell: Cell, iterations: int) -> float:
    """Run an engine in its own process and return its CPU time."""
    if name not in ready:
        ready[name] = PEERS[name]()
    for _ in range(2):
        seconds, found[name] = ready[name](*simulate(cell), iterations)
        if seconds > 0.2:
            break
    return seconds


def level_reached(name: str, cell: Cell) -> float:
    """Return the log-likelihood that an engine reached last, in its own process."""
    return mean_log_likelihood(simulate(cell)[0], found[name])


ready: dict[str, Engine] = {SKLEARN: run_sklearn, OURS: run_gmmlab}
found: dict[str, Parameters] = {}


def installed_peers() -> list[str]:
    names = []
    for name, make in PEERS.items():
        try:
            with one_process() as process:
                process.submit(is_ready, make).result()
            names.append(name)
        except (ImportError, AttributeError) as missing:
            print(f"{name} is left out: it is not installed here ({missing}).")
    return names


def is_ready(make: Callable[[], Engine]) -> bool:
    """Say whether an engine can be made, which itself cannot leave its process."""
    return make() is not None


def one_process() -> ProcessPoolExecutor:
    """Return a process in which nothing has run yet."""
    return ProcessPoolExecutor(1, mp_context=get_context("fork" if "fork" in get_all_start_methods() else "spawn"))


@lru_cache(maxsize=1)
def simulate(cell: Cell) -> tuple[np.ndarray, Parameters]:
    """Draw a mixture of k overlapping clusters, and a start near the truth that EM still has to work on."""
    rng = np.random.default_rng([cell.n, cell.d, cell.k])
    centres = 3 * rng.standard_normal((cell.k, cell.d))
    shapes = np.eye(cell.d) + rng.standard_normal((cell.k, cell.d, cell.d)) / np.sqrt(cell.d)
    labels, X = rng.integers(cell.k, size=cell.n), rng.standard_normal((cell.n, cell.d))
    for j in range(cell.k):
        X[labels == j] = X[labels == j] @ shapes[j].T + centres[j]
    pooled = np.einsum("kij,klj->il", shapes, shapes) / cell.k
    covariances = TYPES[cell.covariance_type].of_matrices(np.tile(pooled, (cell.k, 1, 1)), pooled)
    means = centres + rng.standard_normal(centres.shape)
    start = Parameters(np.full(cell.k, 1 / cell.k), means, covariances, cell.covariance_type)
    return X.astype(cell.dtype), start


def measure(cell: Cell, peers: list[str]) -> list[dict]:
    """Run all engines on a cell, in turns; return one row of the table for each."""
    iterations = 2 if cell.work > 2e8 else 5
    long = cell.work > (2e9 if cell.n <= 100_000 else 1e8)  # runs of seconds, which vary little
    rounds = 1 if long else 3 if cell.work > 2e7 else 7
    seconds: dict[str, list[float]] = {name: [] for name in (SKLEARN, OURS, *peers)}
    with ExitStack() as stack:
        processes = {name: stack.enter_context(one_process()) for name in seconds}
        for name in seconds:  # first calls load and compile, and are not counted
            with suppress(NotImplementedError):
                processes[name].submit(run_engine, name, Cell(2_000, 2, 3, *astuple(cell)[3:]), 2).result()
        for turn in range(rounds):
            for name in list(seconds)[:: 1 if turn % 2 else -1]:
                with suppress(NotImplementedError):
                    seconds[name].append(
                        processes[name].submit(run_engine, name, cell, iterations).result() / iterations
                    )
        tried = [name for name in seconds if seconds[name]]
        reached = {name: processes[name].submit(level_reached, name, cell).result() for name in tried}
    base = np.array(seconds[SKLEARN])
    return [
        {
            **cell.__dict__,
            "engine": name,
            "iterations": iterations,
            "rounds": rounds,
            "cpu_seconds_per_iteration": np.median(seconds[name]),
            "times_scikit_learn": np.median(base / np.array(seconds[name])),
            "mean_log_likelihood": reached[name],
        }
        for name in tried
    ]


def shares_of_gemm(rounds: int = 5) -> pd.DataFrame:
    """Return the share of the rate of dgemm and sgemm that an iteration of `full` reaches: a row for d, columns for k."""
    rows = []
    for dtype, d, k in itertools.product(("float64", "float32"), (2, 8, 16, 32, 64), (3, 10, 50)):
        cell = Cell(20_000, d, k, "full", dtype)
        (X, start), square = simulate(cell), np.ones((1000, 1000), dtype)
        best, rate = np.inf, 0.0
        for _ in range(rounds):  # in turns, for the machine's speed varies
            began = time.process_time()
            square @ square
            between = time.process_time()
            rate = max(rate, 2e9 / (between - began))
            best = min(best, run_gmmlab(X, start, 5)[0] / 5)
        rows.append({"dtype": dtype, "d": d, "k": k, "share": 2 * (d + 1) * (d + 2) * cell.n * k / best / rate})
    return pd.DataFrame(rows).pivot(index=["dtype", "d"], columns="k", values="share")


def mean_log_likelihood(X: np.ndarray, found: Parameters) -> float:
    centre = X.mean(axis=0, dtype=float)
    sums = statistics(np.asfortranarray(X - centre), found.shifted(-centre))
    return sums.log_likelihood / sums.rows


def free_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**33


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return a cell per row and an engine per column: times scikit-learn's speed, and log-likelihood lost to it."""
    index = ["covariance_type", "dtype", "n", "d", "k"]
    speed = table.pivot(index=index, columns="engine", values="times_scikit_learn").drop(columns=SKLEARN)
    reached = table.pivot(index=index, columns="engine", values="mean_log_likelihood")
    speed["log-likelihood"] = reached[SKLEARN]
    speed[f"{OURS} - {SKLEARN}"] = reached[OURS] - reached[SKLEARN]
    return speed.sort_index()


def geometric_mean(ratios: pd.Series) -> float:
    return float(np.exp(np.log(ratios).mean()))


def draw(table: pd.DataFrame, path: Path) -> None:
    """Save the picture for the README: this EM by type, d and k, and every engine's geometric mean."""
    n = 100_000 if 100_000 in set(table["n"]) else table["n"].max()
    figure, axes = plt.subplots(1, 5, figsize=(13, 3.6), layout="constrained", width_ratios=[1, 1, 1, 1, 1.2])
    ours = table.query("engine == @OURS and n == @n and dtype == 'float64'")
    for ax, kind in zip(axes, COVARIANCE_TYPES, strict=False):
        draw_type(ax, ours[ours["covariance_type"] == kind])
        ax.set(title=kind, ylim=(0.8, 1.3 * max(2, ours["times_scikit_learn"].max())))
    axes[0].set_ylabel("times as fast as scikit-learn")
    axes[0].legend(title="components")
    draw_engines(axes[4], table)
    figure.suptitle(f"EM iterations on one thread, {n:,} rows of float64, same start: CPU time against scikit-learn")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_type(ax: plt.Axes, table: pd.DataFrame) -> None:
    for k, line in table.groupby("k"):
        ax.plot(line["d"], line["times_scikit_learn"], marker=MARKERS[k], color=COLOURS[k], label=f"k = {k}")
    ax.axhline(1, color="0.5", linestyle=":")
    ax.set(xscale="log", yscale="log", xlabel="dimensions d")
    ax.set_xticks(sorted(set(table["d"])), labels=[str(d) for d in sorted(set(table["d"]))])
    ax.set_yticks([1, 2, 5, 10, 20, 50], labels=["1", "2", "5", "10", "20", "50"])
    ax.minorticks_off()
    ax.grid(axis="y", color="0.9")


def draw_engines(ax: plt.Axes, table: pd.DataFrame) -> None:
    means = table.groupby("engine")["times_scikit_learn"].agg(geometric_mean).sort_values()
    for name, mean in means.items():
        ax.plot(mean, name, "o", color="#0072B2" if name == OURS else "0.5")
        ax.annotate(
            f"{mean:.2g}",
            (mean, name),
            (0, 6),
            textcoords="offset points",
            ha="center",
            bbox={"color": "white", "pad": 0},
        )
    ax.axvline(1, color="0.5", linestyle=":")
    ax.set(xscale="log", xlabel="times as fast as scikit-learn", title="geometric mean of its cells")
    ax.set_xlim(means.min() / 2.5, means.max() * 2.5)
    ax.margins(y=0.15)
    ax.spines[["top", "right"]].set_visible(False)


def grid(quick: bool) -> list[Cell]:
    ns, ds, ks = (
        ((10_000, 100_000), (2, 8, 32), (3, 10))
        if quick
        else ((10_000, 100_000, 1_000_000), (2, 3, 8, 16, 32), (3, 10, 50))
    )
    dtypes = ("float64",) if quick else ("float64", "float32")
    return [Cell(*cell) for cell in itertools.product(ns, ds, ks, COVARIANCE_TYPES, dtypes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small grid, float64 only")
    parser.add_argument("--no-peers", action="store_true", help="scikit-learn and gmmlab only")
    parser.add_argument("--peer-rows", type=int, default=10_000, help="run peers on cells up to so many rows")
    parser.add_argument("--peer-work", type=float, default=4e6, help="and up to n k d^2 = this")
    parser.add_argument("--resume", action="store_true", help="keep the cells that em.csv already holds")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results", help="folder of em.csv and em.png"
    )
    given = parser.parse_args()
    warnings.filterwarnings("ignore", module="sklearn")  # tol=0 never converges, by design
    peers = [] if given.no_peers else installed_peers()
    given.out.mkdir(parents=True, exist_ok=True)
    saved = given.out / "em.csv"
    rows = pd.read_csv(saved).to_dict("records") if given.resume and saved.exists() else []
    done = {tuple(row[name] for name in Cell.__annotations__) for row in rows}
    for cell in tqdm([cell for cell in grid(given.quick) if astuple(cell) not in done], unit="cell"):
        if cell.bytes > free_bytes() / 2:
            tqdm.write(f"{cell} is left out: it needs about {cell.bytes / 2**30:.1f} GiB, half of the free memory.")
            continue
        rows += measure(cell, peers if cell.n <= given.peer_rows and cell.work <= given.peer_work else [])
        pd.DataFrame(rows).to_csv(saved, index=False, float_format="%.10g")
    table = pd.DataFrame(rows)
    print(summary(table).to_string(float_format="%.3g"))
    small = table.query("engine == @OURS and d <= 8 and dtype == 'float64'")["times_scikit_learn"]
    ours = table.query("engine == @OURS")["times_scikit_learn"]
    print(f"{OURS} against scikit-learn: geometric mean {geometric_mean(small):.1f} for d <= 8 in float64,")
    print(f"{geometric_mean(ours):.1f} over all {len(ours)} cells, never below {ours.min():.2f}.")
    print(f"Share of the rate of dgemm and sgemm by d and k:\n{shares_of_gemm().to_string(float_format='%.2f')}")
    draw(table, given.out / "em.png")


if __name__ == "__main__":
    main()
