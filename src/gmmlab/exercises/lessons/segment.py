"""Exercises of notebook 12: segments in their mean colours, features without light, soft votes, a palette."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

import gmmlab
from gmmlab.exercises.form import Credit, Exercise, Slip, Value, exercise, function_exercise
from gmmlab.exercises.rubric import Line, Mistake, as_array, as_number, as_results, award, mistakes_made, need

NOTEBOOK = "12_segment_image"

Colour = Callable[[NDArray[np.float64]], Any]


def draw_pictures(seed: int) -> list[tuple]:
    """Draw small pictures, each with the component of every pixel; in the last one a component owns no pixel."""
    rng = np.random.default_rng(seed)
    calls = []
    for height, width, components in ((6, 9, [0, 1, 2]), (11, 4, [0, 1]), (7, 8, [0, 1, 3])):
        image = rng.uniform(0.05, 0.95, size=(height, width, 3)) ** 2
        labels = rng.permutation(np.resize(np.repeat(components, [1, *range(2, len(components) + 1)]), height * width))
        calls.append((image, labels))
    return calls


def _mean(pixels: NDArray) -> NDArray:
    return pixels.mean(axis=0)


def _painted(image: NDArray, labels: NDArray, colour: Colour = _mean) -> NDArray:
    pixels, painted = image.reshape(-1, 3), np.empty((labels.size, 3))
    for k in np.unique(labels):
        painted[labels == k] = colour(pixels[labels == k])
    return painted.reshape(image.shape)


def _turned(image: NDArray, labels: NDArray) -> NDArray:
    """Return what results if the labels are laid down column after column."""
    return _painted(image, labels.reshape(image.shape[:2], order="F").reshape(-1))


def _without_gaps(image: NDArray, labels: NDArray) -> NDArray:
    """Return what results if the means of the labels present are looked up by label: the last label has none."""
    painted = _painted(image, labels)
    painted.reshape(-1, 3)[labels >= len(np.unique(labels))] = 0
    return painted


_COLUMNS_FIRST = (
    "The pixels are laid down column after column. `reshape(-1, 3)` goes row after row, and `reshape(image.shape)` "
    "takes the table back."
)

paint_segments: Exercise = function_exercise(
    "segment-1",
    title="Paint the segments",
    hint="`pixels[labels == k]` are the pixels of component k. Where do their means go, and what shape has the result?",
    inputs=draw_pictures,
    returns=[
        Value(
            "colours",
            _painted,
            [
                Slip(
                    "integer-input",
                    [
                        lambda image, labels: np.trunc(_painted(image, labels)),
                        lambda image, labels: np.rint(_painted(image, labels)),
                        lambda image, labels: np.trunc(255 * _painted(image, labels)),
                        lambda image, labels: np.rint(255 * _painted(image, labels)),
                    ],
                    "The colours were cut to whole numbers. Red, green and blue are floats from 0 to 1 here: make the "
                    "new picture with `np.empty_like(pixels)`.",
                ),
                Slip(
                    "grey-levels",
                    lambda image, labels: 255 * _painted(image, labels),
                    "These are the right colours on the scale from 0 to 255. The picture goes from 0 to 1: keep that.",
                ),
                Slip(
                    "columns-first",
                    [
                        _turned,
                        lambda image, labels: _painted(image, labels).reshape(-1, 3).reshape(image.shape, order="F"),
                    ],
                    _COLUMNS_FIRST,
                ),
                Slip(
                    "grey",
                    lambda image, labels: _painted(image, labels, lambda pixels: pixels.mean()),
                    "Each segment became grey: you took one mean over all three channels. `mean(axis=0)` keeps the "
                    "channels apart.",
                ),
                Slip(
                    "median-for-mean",
                    lambda image, labels: _painted(image, labels, lambda pixels: np.median(pixels, axis=0)),
                    "This is the median colour of each segment. The task asks for the mean.",
                ),
                Slip(
                    "one-pixel",
                    [
                        lambda image, labels: _painted(image, labels, lambda pixels: pixels[0]),
                        lambda image, labels: _painted(image, labels, lambda pixels: pixels[-1]),
                    ],
                    "Each segment has the colour of one of its pixels. Take the mean of all of them.",
                ),
                Slip(
                    "one-colour-for-all",
                    lambda image, labels: np.broadcast_to(image.mean(axis=(0, 1)), image.shape),
                    "Every segment got the mean of the whole picture. Choose the pixels of one label first.",
                ),
                Slip(
                    "unchanged",
                    lambda image, labels: image,
                    "Expected each segment in its mean colour, got the picture as it was. Did you assign the mean "
                    "colours, and return the new picture?",
                ),
                Slip(
                    "still-flat",
                    lambda image, labels: _painted(image, labels).reshape(-1, 3),
                    "The result is still a table of pixels. Give it the shape of the picture back.",
                ),
                Slip(
                    "empty-component",
                    _without_gaps,
                    "This fails where a component owns no pixel, for example component 2 of 0, 1, 3. Loop over "
                    "`np.unique(labels)`.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "Every segment has its mean colour.",
            "The colours are off. Try two pixels with different labels: both must stay as they are.",
            calls=slice(2),
        ),
        Credit(
            1,
            "The function also works where a component owns no pixel.",
            "This fails where a component owns no pixel, for example component 2 of 0, 1, 3. Loop over "
            "`np.unique(labels)`.",
            calls=slice(2, None),
        ),
    ],
)


_CHROMA = np.array([[5, 3, 2], [5, 2, 3], [2, 3, 5], [3, 5, 2], [2, 5, 3], [3.33, 3.33, 3.34]]) / 10
"""Six colours: any one share of red, green or blue is the same for two of them, and the last is grey."""

_APART = 0.08
"""Two colours are told apart if they differ by more than this part of the largest difference among the six."""


def draw_light(seed: int) -> list[tuple]:
    """Draw six colours under one light, twice under other lights and in another order, and beside a black pixel."""
    rng = np.random.default_rng(seed)
    colours = 1.6 * rng.permutation(_CHROMA)
    lit = [(rng.uniform(0.2, 1, size=(6, 1)) * colours[order],) for order in _orders(seed)]
    return [(colours,), *lit, (np.vstack([colours, np.zeros(3)]),)]


def _orders(seed: int) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    order = rng.permutation(6)
    return order, np.roll(order, 1 + int(rng.integers(5)))


_LIGHT = {
    "unchanged": "Expected features without the light, got the pixels with their light. What do a tile in the sun and "
    "the same tile in the shade have in common?",
    "standardised": "You scaled each column. Each pixel has its own light, so divide each row by something computed "
    "along the row, with `axis=1, keepdims=True`.",
    "difference-for-ratio": "Differences of channels shrink with the light, too: half the light halves red, green, "
    "blue and their differences. Ratios stay the same.",
    "log-not-centred": "The logarithm turns the light into something that is added to all three channels, which is a "
    "good start. Now remove what is added: subtract the mean of each row.",
    "brightness-kept": "Some of your features stay the same in the shade, but at least one still contains the "
    "brightness.",
    "colour-lost": "The light is gone, but so is part of the colour: two of six different colours look alike now. One "
    "number for each pixel is not enough; keep two or three.",
    "large-number-added": "The number that you add to the divisor is not tiny: it changes the ratios of dark pixels. "
    "`1e-9` is enough for a black pixel.",
    "divided-by-zero": "A black pixel gives NaN or infinity: its sum is zero. Add a tiny number to the divisor, or "
    "take `np.maximum(..., 1e-12)`.",
    "other-rows": "The features of a pixel depend on the other pixels, or on its row in the table. Compute the "
    "features from the three numbers of the pixel alone.",
}


@exercise(
    "segment-2",
    title="Take the light away",
    points=2,
    hint="A tile in half the light has half the red, half the green and half the blue. Which function of the three "
    "numbers stays the same?",
    inputs=draw_light,
)
def without_light(answer: Any) -> Iterator[Line]:
    """Judge a function from pixels to features that do not change with the light, but do with the colour."""
    seed = getattr(answer, "seed", 0)
    calls = [call[0] for call in draw_light(seed)]
    results = as_results(answer, len(calls))
    expected = "a function that returns one row of numbers for each pixel"
    plain, *lit = (as_array(_column(r), (6, None), expected) for r in results[:3])
    black = _finite_rows(_column(results[3]))
    scale = max(_spread(plain), 1e-12)
    moved = [np.abs(found - plain[order]).max() for found, order in zip(lit, _orders(seed), strict=True)]
    steady, coloured = bool(max(moved) < 1e-3 * scale), _least_difference(plain) > _APART * scale
    made = _light_mistakes(calls, (plain, lit[0]), steady, coloured)
    mistakes = [Mistake(name, made[name], _LIGHT[name]) for name in made]
    yield award(
        1,
        steady and coloured,
        "The light is gone, and the colours are apart. With such features plain k-means finds the five colours of the "
        "mosaic.",
        *mistakes,
        otherwise=_LIGHT["brightness-kept"],
    )
    alone = black is not None and bool(np.allclose(black[:6], plain, rtol=1e-3, atol=1e-3 * scale))
    yield award(
        1,
        steady and coloured and alone,
        "Black pixels get finite numbers.",
        *mistakes,
        Mistake("divided-by-zero", black is None, _LIGHT["divided-by-zero"]),
        Mistake("other-rows", not alone, _LIGHT["other-rows"]),
        otherwise=_LIGHT["other-rows"],
    )


def _column(result: Any) -> Any:
    array = np.asarray(result) if isinstance(result, list | np.ndarray) else result
    return array[:, None] if isinstance(array, np.ndarray) and array.ndim == 1 else array


def _finite_rows(result: Any) -> NDArray | None:
    """Return the features of seven pixels, or None where the black one is not finite."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "f" and not np.isfinite(result).all():
        return None
    return as_array(result, (7, None), "a function that returns one row of numbers for each pixel")


def _spread(features: NDArray) -> float:
    return float(np.linalg.norm(features[:, None] - features, axis=-1).max())


def _least_difference(features: NDArray) -> float:
    differences = np.linalg.norm(features[:, None] - features, axis=-1)
    return float(differences[np.triu_indices(len(features), 1)].min())


def _light_mistakes(calls: list, features: tuple, steady: bool, coloured: bool) -> dict[str, bool]:
    def like(function: Callable) -> bool:
        return all(
            _same_up_to_scale(function(pixels), found) for pixels, found in zip(calls[:2], features, strict=True)
        )

    return {
        "colour-lost": steady and not coloured,
        "large-number-added": not steady
        and any(
            like(lambda p, e=e, size=size: p / (size(p, axis=1, keepdims=True) + e))
            for e in (1, 0.1, 0.01, 1e-3)
            for size in (np.sum, np.max, np.linalg.norm)
        ),
        "other-rows": not steady and bool(np.allclose(*features)),
        "unchanged": like(lambda p: p),
        "standardised": any(
            map(like, (lambda p: (p - p.mean(axis=0)) / p.std(axis=0), lambda p: p / p.sum(axis=0),
                       lambda p: p - p.mean(axis=0), lambda p: p / p.max(axis=0)))
        ),
        "difference-for-ratio": any(
            map(like, (lambda p: p - p.mean(axis=1, keepdims=True), lambda p: np.diff(p, axis=1),
                       lambda p: p[:, [0, 1]] - p[:, [1, 2]], lambda p: p - p.max(axis=1, keepdims=True)))
        ),
        "log-not-centred": like(lambda p: np.log(np.maximum(p, 1e-9))),
        "brightness-kept": not steady,
    }  # fmt: skip


def _same_up_to_scale(expected: NDArray, found: NDArray) -> bool:
    if expected.shape != found.shape:
        return False
    factor = (expected * found).sum() / max((expected**2).sum(), 1e-12)
    return bool(np.allclose(factor * expected, found, atol=1e-3 * max(_spread(found), 1e-12)) and factor != 0)


def draw_soft(seed: int) -> list[tuple]:
    """Draw responsibilities of small pictures: noisy patches inside a frame of one component, so that edges are easy.

    Drawn until the usual mistakes give other labels than the right ones.
    """
    for attempt in range(100):
        calls = [_draw_soft(np.random.default_rng([seed, attempt]), *size) for size in ((14, 20, 3), (22, 15, 5))]
        wrong = [_hard_votes, _middle_label, _mixed, _along_rows, _twice_as_wide, _rounded_mean, _one_axis]
        if all((make(*call) != _smooth(*call)).any() for call in calls for make in (*wrong, _turned_maps, _unsmoothed)):
            break
    return calls


def _draw_soft(rng: np.random.Generator, height: int, width: int, square: int) -> tuple:
    logits = 1.6 * scipy.ndimage.uniform_filter(rng.normal(size=(height, width, 4)), size=(5, 5, 1)) / 0.2
    maps = np.exp(logits + rng.normal(size=logits.shape))
    maps[:, :, 0] *= 0.7
    rows, columns = np.indices((height, width))
    edge = np.min([rows, columns, height - 1 - rows, width - 1 - columns], axis=0)
    maps[edge < square // 2 + 1] = [1e-3, 1e-3, 20, 1e-3]
    maps /= maps.sum(axis=2, keepdims=True)
    return maps.reshape(-1, 4), (height, width), square


def _maps(responsibilities: NDArray, shape: tuple) -> NDArray:
    return responsibilities.reshape(*shape, -1)


def _means(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return scipy.ndimage.uniform_filter(_maps(responsibilities, shape), size=(width, width, 1)).reshape(
        len(responsibilities), -1
    )


def _smooth(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return _means(responsibilities, shape, width).argmax(axis=1)


def _unsmoothed(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return responsibilities.argmax(axis=1)


def _hard_votes(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    hard = np.eye(responsibilities.shape[1])[responsibilities.argmax(axis=1)]
    return _smooth(hard, shape, width)


def _lowest_of_ties(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    hard = np.eye(responsibilities.shape[1])[responsibilities.argmax(axis=1)]
    return _means(hard, shape, width).round(6).argmax(axis=1)


def _middle_label(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return scipy.ndimage.median_filter(responsibilities.argmax(axis=1).reshape(shape), width).ravel()


def _rounded_mean(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    labels = responsibilities.argmax(axis=1).astype(float)
    return np.rint(scipy.ndimage.uniform_filter(labels.reshape(shape), width)).ravel()


def _mixed(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return (
        scipy.ndimage.uniform_filter(_maps(responsibilities, shape), size=width)
        .reshape(len(responsibilities), -1)
        .argmax(axis=1)
    )


def _along_rows(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return scipy.ndimage.uniform_filter(responsibilities, size=(width, 1)).argmax(axis=1)


def _one_axis(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return scipy.ndimage.uniform_filter(_maps(responsibilities, shape), size=(width, 1, 1)).argmax(axis=2).ravel()


def _twice_as_wide(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    return _smooth(responsibilities, shape, 2 * width + 1)


def _turned_maps(responsibilities: NDArray, shape: tuple, width: int) -> NDArray:
    maps = responsibilities.reshape(*shape, -1, order="F")
    return scipy.ndimage.uniform_filter(maps, size=(width, width, 1)).argmax(axis=2).ravel(order="F")


soft_votes: Exercise = function_exercise(
    "segment-3",
    title="Smooth before you decide",
    hint="Each column of `responsibilities` is a picture of its own. `scipy.ndimage.uniform_filter(picture, width)` "
    "averages over a square.",
    inputs=draw_soft,
    returns=[
        Value(
            "labels",
            _smooth,
            [
                Slip(
                    "not-smoothed",
                    _unsmoothed,
                    "These are the labels without smoothing. Average the responsibilities over the square first.",
                ),
                Slip(
                    "hard-votes",
                    [_hard_votes, _lowest_of_ties],
                    "You assigned each pixel first, and let the labels vote. Then a pixel at 51% counts as much as "
                    "one at 99%. Average the responsibilities, and assign last.",
                ),
                Slip(
                    "median-of-labels",
                    _middle_label,
                    "You took the median of the labels. Components have no order: between components 0 and 2, the "
                    "median can be component 1, which nobody there belongs to. Average each component's "
                    "responsibilities.",
                ),
                Slip(
                    "mean-of-labels",
                    _rounded_mean,
                    "You averaged the labels themselves. Component numbers are names, not quantities: average the "
                    "responsibilities of each component.",
                ),
                Slip(
                    "mixed-components",
                    _mixed,
                    "The filter also averaged across components, because the last axis holds the components. Filter "
                    "each component alone, or use `size=(width, width, 1)`.",
                ),
                Slip(
                    "table-neighbours",
                    _along_rows,
                    "You averaged over neighbouring rows of the table. The neighbours in the picture are above and "
                    "below, too: reshape to the picture first.",
                ),
                Slip(
                    "one-direction",
                    _one_axis,
                    "You averaged along one direction only. A square has height and width.",
                ),
                Slip(
                    "radius-for-width",
                    _twice_as_wide,
                    "Your square is `2 * width + 1` pixels wide. `width` is its full width.",
                ),
                Slip(
                    "columns-first",
                    _turned_maps,
                    _COLUMNS_FIRST,
                ),
                Slip(
                    "means-for-labels",
                    [
                        _means,
                        lambda r, shape, width: _means(r, shape, width).max(axis=1),
                        lambda r, shape, width: _means(r, shape, width).reshape(*shape, -1),
                    ],
                    "These are averaged responsibilities. Now assign each pixel to the component with the largest.",
                ),
                Slip(
                    "still-a-picture",
                    lambda r, shape, width: _smooth(r, shape, width).reshape(shape),
                    "The labels have the shape of the picture. Return one label after another, with `ravel()`.",
                ),
            ],
        )
    ],
    credits=[
        Credit(
            1,
            "The averages over a square of 3 pixels are right.",
            "Some labels are wrong for a square of 3 pixels. Try a picture of one component with a single odd pixel.",
            calls=slice(1),
        ),
        Credit(
            1,
            "Any width is smoothed.",
            "Some labels are wrong for a square of 5 pixels. Do you use `width`, and `shape` as (height, width)?",
            calls=slice(1, None),
        ),
    ],
)


_LOW = 14.5
"""Grey levels. Over ten samples k-means reaches 13.9 to 14.1, the means of spherical components 14.0 to 15.0, those of
full components 15.9 to 17.6."""

_PALETTE = {
    "one-colour": "Several of these colours are the same. Use all eight for different colours.",
    "not-reached": "The picture can be kept closer with eight colours. Which method minimises the squared distance to "
    "the nearest centre? Fit that method to the pixels of `china`.",
    "far-off": "Most pixels are far from each of these colours. Were these fitted to the pixels of `china`?",
}

_ERROR = {
    "unit-scale": "This is the error on the scale from 0 to 1. One unit is 255 grey levels.",
    "no-root": "This is the mean of the squares. Take the root at the end.",
    "per-pixel": "You added the three channels before you took the mean. The mean runs over pixels and channels.",
    "absolute": "This is the mean absolute error. Square before the mean, and take the root after it.",
    "sum-of-squares": "This is a sum of squares, for example `inertia_`. Take the mean over pixels and channels, then "
    "the root.",
    "sample-for-all": "Nearly: this is close to the error of your palette, but not equal. Use all pixels, the nearest "
    "colour for each, and give at least one decimal.",
}


@exercise(
    "segment-4",
    title="Eight colours for a pagoda",
    points=2,
    hint="What does k-means minimise, and what does EM maximise? `np.linalg.norm(dots - colour, axis=1)` is the "
    "distance of each pixel from one colour.",
)
def choose_palette(palette: Any, error: Any) -> Iterator[Line]:
    """Judge eight colours for the pagoda, and the error of the picture painted with them."""
    colours = _colours(palette)
    squares, absolute = _errors(colours)
    reached = float(np.sqrt(squares.mean()))
    made = {"one-colour": len(np.unique(colours.round(3), axis=0)) < 8, "far-off": reached > 60, "not-reached": True}
    yield award(
        1,
        reached <= _LOW,
        f"Your palette has an error of {reached:.1f} grey levels. k-means minimises the squared distance to the "
        "nearest centre, which is the error asked for. A mixture maximises a likelihood, so its means do worse here.",
        *mistakes_made(made, _PALETTE),
        otherwise=_PALETTE["not-reached"],
    )
    number = as_number(error, "the error as its second answer, one number")
    yield award(
        1,
        abs(number - reached) < 0.051,
        "This is the error of your palette.",
        *_wrong_errors(number, squares, absolute),
        otherwise=f"The error of your palette is another number than {number:.4g}: the root of the mean squared "
        "difference over pixels and channels, in grey levels.",
    )


def _colours(palette: Any) -> NDArray[np.float64]:
    expected = "8 colours as its first answer, an array of shape (8, 3)"
    colours = as_array(palette, (None, 3), expected)
    need(len(colours) == 8, "wrong-count", f"Expected 8 colours, got {len(colours)}.")
    need(
        np.abs(colours).max() <= 1.5,
        "grey-levels",
        "Expected colours from 0 to 1, as in `dots`, got numbers up to "
        f"{np.abs(colours).max():.4g}. Fit `dots` as they are, neither multiplied nor standardised.",
    )
    need(
        colours.min() >= -0.1,
        "standardised",
        "Expected colours from 0 to 1, got negative ones. Fit `dots` as they are.",
    )
    return colours


@lru_cache
def _dots() -> NDArray[np.float64]:
    return gmmlab.data.load_china().reshape(-1, 3)


def _errors(colours: NDArray) -> tuple[NDArray, NDArray]:
    """Return squared and absolute differences from the nearest colour, in grey levels, for each pixel and channel."""
    distances = ((_dots()[:, None] - colours) ** 2).sum(axis=2)
    difference = 255 * (_dots() - colours[distances.argmin(axis=1)])
    return difference**2, np.abs(difference)


def _wrong_errors(number: float, squares: NDArray, absolute: NDArray) -> list[Mistake]:
    mse = float(squares.mean())
    unit = mse / 255**2
    wrong = {
        "unit-scale": [unit**0.5],
        "no-root": [mse, unit, 3 * mse, 3 * unit],
        "per-pixel": [(3 * mse) ** 0.5, (3 * unit) ** 0.5, float(np.sqrt(squares.sum(axis=1)).mean())],
        "absolute": [float(absolute.mean())],
        "sum-of-squares": [float(squares.sum()), float(squares.sum()) / 255**2],
    }
    made = {name: any(abs(number - v) < 0.02 * v for v in values) for name, values in wrong.items()}
    made["sample-for-all"] = abs(number - mse**0.5) < 0.06 * mse**0.5
    return mistakes_made(made, _ERROR)


EXERCISES = [paint_segments, without_light, soft_votes, choose_palette]
