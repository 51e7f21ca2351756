"""Checks of notebook 12: segments painted in their mean colours, features without light, a flower cut out, a number."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gmmlab.data import load_flower
from gmmlab.engine.em import e_step
from gmmlab.engine.parameters import Parameters
from gmmlab.exercises.answers import Calls, Raised
from gmmlab.exercises.registry import choice, exercise
from gmmlab.exercises.rubric import Line, Misfit, Mistake, as_array, as_mixture, as_number, as_results, need, rubric
from gmmlab.image import flower_truth

NOTEBOOK = "12_segment_image"


def draw_pictures(seed: int) -> list[tuple]:
    """Draw small pictures, each with the component of every pixel; in the last one a component owns no pixel."""
    rng = np.random.default_rng(seed)
    calls = []
    for height, width, components in ((6, 9, [0, 1, 2]), (11, 4, [0, 1]), (7, 8, [0, 1, 3])):
        image = rng.uniform(0.05, 0.95, size=(height, width, 3)) ** 2
        labels = rng.permutation(np.resize(np.repeat(components, [1, *range(2, len(components) + 1)]), height * width))
        calls.append((image, labels))
    return calls


def _painted(image: NDArray, labels: NDArray, colour: Callable = lambda pixels: pixels.mean(axis=0)) -> NDArray:
    pixels, painted = image.reshape(-1, 3), np.empty((labels.size, 3))
    for k in np.unique(labels):
        painted[labels == k] = colour(pixels[labels == k])
    return painted.reshape(image.shape)


def _turned(image: NDArray, labels: NDArray) -> NDArray:
    """Return what comes out if the labels are laid down column after column."""
    height, width, _ = image.shape
    return _painted(image, labels.reshape((height, width), order="F").reshape(-1))


_WRONG_PAINT: dict[str, list[Callable]] = {
    "integer-input": [
        lambda image, labels: np.trunc(_painted(image, labels)),
        lambda image, labels: np.rint(_painted(image, labels)),
        lambda image, labels: np.trunc(255 * _painted(image, labels)),
        lambda image, labels: np.rint(255 * _painted(image, labels)),
    ],
    "rounded": [lambda image, labels, k=k: np.round(_painted(image, labels), k) for k in (1, 2)],
    "grey-levels": [lambda image, labels: 255 * _painted(image, labels)],
    "columns-first": [
        _turned,
        lambda image, labels: _painted(image, labels).reshape(-1, 3).reshape(image.shape, order="F"),
    ],
    "grey": [lambda image, labels: _painted(image, labels, lambda pixels: pixels.mean())],
    "median-for-mean": [lambda image, labels: _painted(image, labels, lambda pixels: np.median(pixels, axis=0))],
    "one-pixel": [
        lambda image, labels: _painted(image, labels, lambda pixels: pixels[0]),
        lambda image, labels: _painted(image, labels, lambda pixels: pixels[-1]),
    ],
    "one-colour-for-all": [lambda image, labels: np.broadcast_to(image.mean(axis=(0, 1)), image.shape)],
    "unchanged": [lambda image, labels: image],
}

_PAINT = {
    "integer-input": "The colours were cut to whole numbers. Red, green and blue are floats from 0 to 1 here: make the "
    "new picture with `np.empty_like(pixels)` or of floats.",
    "rounded": "These are the right colours, but rounded. Return them with all their digits.",
    "grey-levels": "These are the right colours on the scale from 0 to 255. The picture goes from 0 to 1: leave it so.",
    "columns-first": "The pixels were laid down column after column. `reshape(-1, 3)` goes row after row, and "
    "`reshape(image.shape)` takes it back.",
    "grey": "Each segment became grey: you took one mean over all three channels. `mean(axis=0)` keeps them apart.",
    "median-for-mean": "This is the median colour of each segment. The task asks for the mean.",
    "one-pixel": "Each segment has the colour of one of its pixels. Take the mean of all of them.",
    "one-colour-for-all": "Every segment got the mean of the whole picture. Choose the pixels of one label first.",
    "unchanged": "The picture came back as it was. Did you assign the mean colours, and return the new picture?",
    "still-flat": "The result is still a table of pixels. Give it the shape of the picture back.",
}


@exercise(
    "segment-1",
    title="Paint the segments",
    points=2,
    hint="`pixels[labels == k]` are the pixels of component k. Where do their means go, and what shape has the result?",
    inputs=draw_pictures,
)
def recolour(answer: Any) -> Iterator[Line]:
    """Judge a function that paints each segment of a picture in its mean colour."""
    inputs = draw_pictures(getattr(answer, "seed", 0))
    gap_raised = isinstance(answer, Calls) and len(answer.results) == 3 and isinstance(answer.results[2], Raised)
    if gap_raised:
        answer = Calls(answer.seed, [*answer.results[:2], answer.results[1]])
    results = as_results(answer, len(inputs))
    pictures = [_picture(result, image) for result, (image, _) in zip(results[:2], inputs[:2], strict=True)]
    mistakes = [Mistake(name, _gives(pictures, inputs[:2], name), _PAINT[name]) for name in _WRONG_PAINT]
    painted = all(np.allclose(p, _painted(*call), atol=1e-3) for p, call in zip(pictures, inputs[:2], strict=True))
    off = "The colours are off. Try two pixels with different labels: they must come back unchanged."
    yield rubric(1, painted, "Every segment has its mean colour.", *mistakes, otherwise=off)
    gap = "This fails where a component owns no pixel, such as component 2 of 0, 1, 3. Loop over `np.unique(labels)`."
    yield rubric(
        1,
        not gap_raised and np.allclose(_picture(results[2], inputs[2][0]), _painted(*inputs[2]), atol=1e-3),
        "It also holds where a component owns no pixel.",
        *mistakes,
        Mistake("empty-component", painted or gap_raised, gap),
        otherwise=off,
    )


def _picture(result: Any, image: NDArray) -> NDArray:
    expected = "a function that returns a picture of the same shape as `image`"
    flat = isinstance(result, np.ndarray) and result.shape == (image.shape[0] * image.shape[1], 3)
    need(not flat, "still-flat", _PAINT["still-flat"])
    return as_array(result, image.shape, expected)


def _gives(pictures: list[NDArray], calls: list[tuple], name: str) -> bool:
    return any(
        all(np.allclose(p, wrong(*call), atol=1e-3) for p, call in zip(pictures, calls, strict=True))
        for wrong in _WRONG_PAINT[name]
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
    "unchanged": "The pixels came back with their light in them. What do a tile in the sun and one in the shade share?",
    "standardised": "You scaled each column: red by red, green by green. The light is a matter of each *pixel*, so "
    "divide by something computed along its row, with `axis=1, keepdims=True`.",
    "difference-for-ratio": "Differences of channels shrink with the light too. It multiplies: half the light halves "
    "red, green, blue, and their differences. What stays is a ratio.",
    "log-not-centred": "The logarithm turns the light into something added to all three channels, which is a good "
    "start. It is still there: subtract the mean of the row.",
    "brightness-kept": "Some of what you return stays the same in the shade, but not all of it: a brightness is left.",
    "colour-lost": "The light is gone, but so is part of the colour: two of six different colours look alike now. One "
    "number a pixel is not enough; keep two or three.",
    "large-number-added": "The number that you add to the divisor is not tiny: it changes the ratios of dark pixels. "
    "`1e-9` does as well for a black one.",
    "divided-by-zero": "A black pixel gives NaN or infinity: it has no light to divide by. Add a tiny number to the "
    "divisor, or take `np.maximum(..., 1e-12)`.",
    "other-rows": "What a pixel gives depends on the other pixels, or on its row. It must follow from its own three "
    "numbers.",
}


@exercise(
    "segment-2",
    title="Take the light away",
    points=2,
    hint="A tile in half the light has half the red, half the green and half the blue. Which function of the three "
    "numbers does not notice?",
    inputs=draw_light,
)
def without_light(answer: Any) -> Iterator[Line]:
    """Judge a function from pixels to features that do not change with the light, but do with the colour."""
    seed = getattr(answer, "seed", 0)
    calls = [call[0] for call in draw_light(seed)]
    results = as_results(answer, len(calls))
    expected = "a function that returns one row of numbers a pixel"
    plain, *lit = (as_array(_column(r), (6, None), expected) for r in results[:3])
    black = _finite_rows(_column(results[3]))
    scale = max(_spread(plain), 1e-12)
    moved = [np.abs(found - plain[order]).max() for found, order in zip(lit, _orders(seed), strict=True)]
    steady, coloured = bool(max(moved) < 1e-3 * scale), _least_difference(plain) > _APART * scale
    made = _light_mistakes(calls, (plain, lit[0]), steady, coloured)
    mistakes = [Mistake(name, made[name], _LIGHT[name]) for name in made]
    yield rubric(
        1,
        steady and coloured,
        "The light is gone, and the colours are apart.",
        *mistakes,
        otherwise=_LIGHT["brightness-kept"],
    )
    alone = black is not None and bool(np.allclose(black[:6], plain, rtol=1e-3, atol=1e-3 * scale))
    yield rubric(
        1,
        steady and coloured and alone,
        "A black pixel does no harm.",
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
    return as_array(result, (7, None), "a function that returns one row of numbers a pixel")


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


_ENOUGH = 0.85
"""IoU to reach: two full components get 0.77, three 0.83, five 0.91."""

_ROUNDED = 0.0006
"""An IoU rounded to three places counts."""

_CUT = {
    "covariance-type": "This mixture is not `full`. The lesson has shown that `tied` finds the flower; here `full` is "
    "to do it, with the help of more components.",
    "too-few": "With two `full` components the shadows between the petals go to the wrong side. Take at least three.",
    "wrong-units": "This was fitted to pixels from 0 to 255, or to standardised ones. Take `pixels`, from 0 to 1.",
    "wrong-data": "This mixture was not fitted to the pixels of the flower: its overall mean is another colour.",
    "mask-for-numbers": "This is a mask over the components, True or False for each. Give their numbers: "
    "`np.flatnonzero(mask)`. (`np.isin(labels, mask)` takes True for 1 and False for 0.)",
    "no-such-component": "One of the components that you name is not there. They are numbered from 0.",
    "labels-for-components": "Give the numbers of the components that make up the flower, such as `[0, 3]`, not one "
    "answer a pixel.",
    "background-chosen": "This is the background. Which mean colours are orange or brown?",
    "component-missed": "A component most of whose pixels are flower is not among yours: the shadows between the "
    "petals are dark, but they are reddish.",
    "component-too-many": "One of your components is mostly background.",
    "wrong-components": "With the right components this mixture reaches 0.85; with yours it does not.",
    "not-reached": "These are the right components of this mixture, but they do not reach 0.85. Try more components.",
    "accuracy-for-iou": "This is the share of pixels that are right. Most of the picture is background, and easy. IoU "
    "leaves out the pixels that both call background.",
    "dice-for-iou": "This is the Dice score: twice the overlap over the sum of both areas. IoU divides by the union.",
    "void-counted": "You counted the undecided pixels, where `truth` is NaN. Judge without them.",
    "precision-for-iou": "This is the share of *your* flower that is flower. It does not punish what you left out.",
    "recall-for-iou": "This is the share of the flower that you found. It does not punish what you added.",
    "background-iou": "This is the IoU of the background.",
    "rounded": "This is the IoU of your components, but rounded too far: give at least three places.",
    "percent": "This is a percentage. Give a number from 0 to 1.",
}


@exercise(
    "segment-3",
    title="Cut out the flower with full components",
    points=3,
    hint="Print `means_` as red, green and blue, for five or more components. `np.isin(labels, chosen)` tells which "
    "pixels have one of the labels in `chosen`.",
)
def cut_out(mixture: Any, chosen: Any, iou: Any) -> Iterator[Line]:
    """Judge a full mixture, the components of it that make up the flower, and the IoU that they reach."""
    gmm = as_mixture(mixture, "a fitted GaussianMixture as its first answer")
    _need_flower_mixture(gmm)
    labels = _labels(gmm)
    mask = np.isin(labels, _components(chosen, len(gmm.weights_)))
    flower, judged = _truth()
    best = np.isin(labels, [k for k in np.unique(labels) if flower[judged & (labels == k)].mean() > 0.5])
    reached, possible = (_iou(found[judged], flower[judged]) for found in (mask, best))
    yield _right_components(mask, best, flower, judged, reached, possible)
    yield rubric(
        1,
        reached >= _ENOUGH,
        f"The flower is cut out: IoU {reached:.3f}.",
        Mistake("background-chosen", reached < 0.1, _CUT["background-chosen"]),
        Mistake("not-reached", possible < _ENOUGH, _CUT["not-reached"]),
        Mistake("wrong-components", possible >= _ENOUGH, _CUT["wrong-components"]),
        otherwise=_CUT["not-reached"],
    )
    yield _right_number(as_number(iou, "the IoU as its third answer, one number"), mask, flower, judged)


@lru_cache
def _truth() -> tuple[NDArray, NDArray]:
    truth = flower_truth().ravel()
    return truth == 1, ~np.isnan(truth)


@lru_cache
def _pixels() -> NDArray:
    return load_flower().reshape(-1, 3)


def _need_flower_mixture(gmm: Any) -> None:
    need(gmm.means_.shape[1:] == (3,), "wrong-data", "Fit the three columns of `pixels`: red, green and blue.")
    need(gmm.covariance_type == "full", "covariance-type", _CUT["covariance-type"])
    need(len(gmm.weights_) >= 3, "too-few", _CUT["too-few"])
    need(len(gmm.weights_) <= 30, "wrong-kind", "Up to 30 components are judged; five to eight are enough.")
    overall = gmm.weights_ @ gmm.means_
    off = float(np.abs(overall - _pixels().mean(axis=0)).max())
    unscaled = overall.max() > 5 or np.abs(overall).max() < 0.05
    need(not unscaled, "wrong-units", _CUT["wrong-units"])
    need(off < 0.05, "wrong-data", _CUT["wrong-data"])


def _labels(gmm: Any) -> NDArray:
    """Return the most probable component of each pixel, from weights, means and covariances alone."""
    try:
        parameters = Parameters(gmm.weights_, gmm.means_, gmm.covariances_, "full")
        return e_step(_pixels(), parameters)[0].argmax(axis=1)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise Misfit("wrong-kind", f"These weights, means and covariances are no mixture: {error}") from error


def _components(chosen: Any, k: int) -> NDArray:
    need(not _is_mask(chosen), "mask-for-numbers", _CUT["mask-for-numbers"])
    chosen = [chosen] if isinstance(chosen, int | float) and not isinstance(chosen, bool) else chosen
    numbers = as_array(chosen, (None,), "a list of component numbers as its second answer")
    need(numbers.size <= k, "labels-for-components", _CUT["labels-for-components"])
    need(np.isin(numbers, np.arange(k)).all() and numbers.size, "no-such-component", _CUT["no-such-component"])
    return numbers.astype(int)


def _is_mask(chosen: Any) -> bool:
    return (
        isinstance(chosen, list | np.ndarray | pd.Series) and np.size(chosen) > 0 and np.asarray(chosen).dtype == bool
    )


def _iou(mask: NDArray, flower: NDArray) -> float:
    return float((mask & flower).sum() / max((mask | flower).sum(), 1))


def _right_components(
    mask: NDArray, best: NDArray, flower: NDArray, judged: NDArray, reached: float, possible: float
) -> Line:
    return rubric(
        1,
        reached >= max(possible - 0.03, 0.5),
        "These are the components of the flower.",
        Mistake("background-chosen", not (mask & flower & judged).any() or reached < 0.1, _CUT["background-chosen"]),
        Mistake("component-missed", (best & ~mask).sum() > (mask & ~best).sum(), _CUT["component-missed"]),
        Mistake("component-too-many", True, _CUT["component-too-many"]),
        otherwise=_CUT["component-missed"],
    )


def _right_number(number: float, mask: NDArray, flower: NDArray, judged: NDArray) -> Line:
    m, f = mask[judged], flower[judged]
    right = _iou(m, f)
    both = float((m & f).sum())
    wrong = {
        "percent": 100 * right,
        "void-counted": _iou(mask, flower),
        "accuracy-for-iou": float((m == f).mean()),
        "dice-for-iou": 2 * both / max(m.sum() + f.sum(), 1),
        "precision-for-iou": both / max(m.sum(), 1),
        "recall-for-iou": both / max(f.sum(), 1),
        "background-iou": _iou(~m, ~f),
    }
    near = {name: abs(number - value) for name, value in wrong.items()}
    nearest = min(near, key=near.get)
    return rubric(
        1,
        abs(number - right) < _ROUNDED,
        "This is its IoU.",
        Mistake(nearest, near[nearest] < _ROUNDED * max(abs(number), 1), _CUT[nearest]),
        Mistake("rounded", number in (round(right, 1), round(right, 2)), _CUT["rounded"]),
        otherwise=f"The IoU of your components is another number than {number:.4g}: the pixels that both call flower, "
        "over those that either calls flower.",
    )


choice(
    "segment-4",
    module=__name__,
    title="How many segments has a photograph?",
    points=1,
    hint="In the table of the lesson, what did BIC do when more pixels of the same picture came in?",
    right="d",
    options={
        "a": "BIC chose 32 for 16,000 pixels, but 8 for 1,000 of the same pixels. A number of things in a picture does "
        "not grow with the resolution.",
        "b": "AIC charges less than BIC, so it asks for even more components, not for a number of segments.",
        "c": "With a longer search the curve does turn somewhere, but there again with the number of pixels. What it "
        "counts is how many Gaussians the colours need.",
        "d": "BIC asks how many Gaussians the density of colours needs, as far as so many pixels can prove it. No "
        "thing in a picture is exactly Gaussian, so more pixels prove more. What a segment is, its use must say.",
        "e": "The fits are sound: BIC chooses more for more pixels because finer details of the density can be proven.",
    },
)
