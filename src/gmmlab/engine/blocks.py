"""EM on rows that come in blocks: arrays in a list, slices of a file, many files, or the chunks of a Dask array.

The statistics of `gmmlab.engine.em_steps` add up, so an iteration is a map over the blocks and a sum. Only one block
has to be in memory at a time, and blocks may lie on many machines: what travels is parameters there and sums back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmlab.engine.em_steps import centre_of, iterate, statistics
from gmmlab.engine.parameters import Parameters, Result, Statistics, check_data

if TYPE_CHECKING:
    import dask.array as da

FAN_IN = 16  # statistics that one worker adds up, so that none has to gather those of all chunks

Block = np.ndarray | Callable[[], np.ndarray]
EStep = Callable[[tuple[int, Block]], Statistics]


def em_blocks(
    blocks: Iterable[Block] | da.Array,
    start: Parameters,
    *,
    max_iter: int = 100,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    map: Callable[[EStep, Iterable[tuple[int, Block]]], Iterable[Statistics]] = map,
) -> Result:
    """Fit a Gaussian mixture by EM to rows that come in blocks; the result is that of `em` on all rows together.

    Parameters
    ----------
    blocks : iterable of (n_i, d) arrays, or Dask array of shape (n, d)
        Read once in each iteration, so it must be possible to begin anew: a list, not a generator. An entry may be a
        function without arguments that returns the block, such as ``partial(np.load, path)``; then only a file's
        name goes to another process. A Dask array is read chunk by chunk where its chunks are, and the statistics are
        added up there too; chunks that memory can hold are read faster after ``persist()``.
    start : Parameters
    max_iter, tol, reg_covar
        As for `em`.
    map : callable
        What takes a function over the blocks, in place of Python's own ``map``: ``executor.map`` of a pool of
        processes or threads, for example. Not used for a Dask array.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If a block is not a finite array with the columns of `start` (the message counts blocks from 0), if there are
        fewer rows than components, if a second pass brings other rows than the first, or as for `em`.
    """
    if hasattr(blocks, "to_delayed"):
        centre, total = _dask_source(blocks, start)
    else:
        centre, total = _source(blocks, start, map)
    passes: list[float] = []

    def sums_of(parameters: Parameters) -> Statistics:
        sums = total(partial(block_statistics, parameters=parameters, centre=centre))
        passes.append(sums.rows)
        _check_rows(passes, len(start.weights))
        return sums

    found = iterate(sums_of, start.shifted(-centre), max_iter=max_iter, tol=tol, reg_covar=reg_covar)
    return replace(found, parameters=found.parameters.shifted(centre))


def block_statistics(numbered: tuple[int, Block], parameters: Parameters, centre: np.ndarray) -> Statistics:
    """E-step of one block, which comes with its number; the parameters are those of the centred rows."""
    X = _read(numbered, parameters)
    return statistics(X, parameters, centre.astype(X.dtype))


def _read(numbered: tuple[int, Block], parameters: Parameters) -> np.ndarray:
    number, block = numbered
    try:
        return check_data(block() if callable(block) else block, parameters, least_rows=0)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Block {number}: {error}") from error


Source = tuple[np.ndarray, Callable[[EStep], Statistics]]


def _source(blocks: Iterable[Block], start: Parameters, map: Callable[..., Iterable[Statistics]]) -> Source:
    """Return a point amid the rows, and a function that takes the E-step over all blocks and adds up."""
    iterator = iter(blocks)
    if iterator is blocks:
        raise ValueError(
            f"The blocks came as a {type(blocks).__name__}, which is used up after one pass, and EM passes over the "
            "rows in every iteration. Give a list of arrays, or of functions that read one block each."
        )
    first = next(iterator, None)
    if first is None:
        raise ValueError("There are no blocks; give at least one array of rows.")

    def total(e_step: EStep) -> Statistics:
        sums = iter(map(e_step, enumerate(blocks)))
        return sum(sums, next(sums))

    return _centre(first, start), total


def _dask_source(X: Any, start: Parameters) -> Source:
    """Return a point amid the rows, and a function that takes the E-step and the sum to the workers."""
    from dask.delayed import delayed

    d = start.means.shape[1]
    if X.ndim != 2 or X.shape[1] != d:
        raise ValueError(f"The Dask array has shape {X.shape}; expected (n, {d}), because the means have {d} columns.")
    chunks = X.rechunk({1: -1}).to_delayed().ravel().tolist()

    def total(e_step: EStep) -> Statistics:
        sums: list[Any] = [delayed(e_step)(numbered) for numbered in enumerate(chunks)]
        while len(sums) > 1:
            sums = [delayed(sum)(sums[i : i + FAN_IN]) for i in range(0, len(sums), FAN_IN)]
        found: Statistics = sums[0].compute()
        return found

    return _centre(chunks[0].compute(), start), total


def _centre(first: Block, start: Parameters) -> np.ndarray:
    X = _read((0, first), start)
    return centre_of(X) if len(X) else start.weights @ start.means


def _check_rows(passes: list[float], k: int) -> None:
    if passes[-1] != passes[0]:
        raise ValueError(
            f"Pass {len(passes)} over the blocks brought {passes[-1]} rows, the first pass {passes[0]}: EM needs the "
            "same rows in every iteration. Give a list of arrays, or of functions that read one block each."
        )
    if passes[0] < k:
        raise ValueError(f"The blocks have {passes[0]} rows in all; {k} components need at least {k}.")
