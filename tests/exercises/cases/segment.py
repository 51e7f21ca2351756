"""Answers to the exercises of notebook 12: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.colors import rgb_to_hsv
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from exercises.case import right, wrong
from gmmlab.data import load_china, load_flower
from gmmlab.image import flower_truth
from gmmlab.mixture import best_fit, from_parameters


@right("segment-1")
def loop_over_labels():
    def recolour(image, labels):
        pixels = image.reshape(-1, 3)
        painted = np.empty_like(pixels)
        for k in np.unique(labels):
            painted[labels == k] = pixels[labels == k].mean(axis=0)
        return painted.reshape(image.shape)

    return recolour


@right("segment-1")
def group_means_with_pandas():
    def recolour(image, labels):
        table = pd.DataFrame(image.reshape(-1, 3))
        return table.groupby(np.asarray(labels)).transform("mean").to_numpy().reshape(image.shape)

    return recolour


@right("segment-1")
def mask_of_the_picture_in_float32():
    def recolour(image, labels):
        painted, grid = image.astype(np.float32), labels.reshape(image.shape[:2])
        for k in range(labels.max() + 1):
            if (grid == k).any():
                painted[grid == k] = image[grid == k].mean(axis=0)
        return painted

    return recolour


@right("segment-1")
def means_by_matrix_product_as_nested_lists():
    def recolour(image, labels):
        member = np.eye(labels.max() + 1)[labels]
        means = member.T @ image.reshape(-1, 3) / np.maximum(member.sum(axis=0), 1)[:, None]
        return means[labels].reshape(image.shape).tolist()

    return recolour


def painting(colour, shape=lambda painted, image: painted.reshape(image.shape)):
    """Return a function that paints each segment by ``colour(pixels of the segment, all pixels)``."""

    def recolour(image, labels):
        pixels = image.reshape(-1, 3)
        painted = np.empty_like(pixels)
        for k in np.unique(labels):
            painted[labels == k] = colour(pixels[labels == k], pixels)
        return shape(painted, image)

    return recolour


@wrong("segment-1", "integer-input")
def bytes_for_floats():
    def recolour(image, labels):
        painted = np.zeros((labels.size, 3), dtype=np.uint8)
        for k in np.unique(labels):
            painted[labels == k] = image.reshape(-1, 3)[labels == k].mean(axis=0)
        return painted.reshape(image.shape)

    return recolour


@wrong("segment-1", "integer-input")
def grey_levels_of_255():
    return painting(lambda mine, pixels: np.rint(255 * mine.mean(axis=0)))


@wrong("segment-1", "rounded")
def two_decimals():
    return painting(lambda mine, pixels: mine.mean(axis=0).round(2))


@wrong("segment-1", "grey-levels")
def scale_of_255_as_floats():
    return painting(lambda mine, pixels: 255 * mine.mean(axis=0))


@wrong("segment-1", "columns-first")
def labels_in_columns():
    def recolour(image, labels):
        painted, grid = image.copy(), labels.reshape(image.shape[:2], order="F")
        for k in np.unique(labels):
            painted[grid == k] = image[grid == k].mean(axis=0)
        return painted

    return recolour


@wrong("segment-1", "grey")
def one_mean_for_three_channels():
    return painting(lambda mine, pixels: mine.mean())


@wrong("segment-1", "median-for-mean")
def median_colour():
    return painting(lambda mine, pixels: np.median(mine, axis=0))


@wrong("segment-1", "one-pixel")
def colour_of_the_first_pixel():
    return painting(lambda mine, pixels: mine[0])


@wrong("segment-1", "one-colour-for-all")
def mean_of_the_whole_picture():
    return painting(lambda mine, pixels: pixels.mean(axis=0))


@wrong("segment-1", "unchanged")
def means_not_kept():
    return lambda image, labels: image


@wrong("segment-1", "still-flat")
def a_table_of_pixels():
    return painting(lambda mine, pixels: mine.mean(axis=0), lambda painted, image: painted)


@wrong("segment-1", "empty-component")
def means_indexed_by_place():
    def recolour(image, labels):
        pixels = image.reshape(-1, 3)
        means = np.array([pixels[labels == k].mean(axis=0) for k in np.unique(labels)])
        return means[labels].reshape(image.shape)

    return recolour


@wrong("segment-1", "wrong-shape")
def one_channel_only():
    return painting(
        lambda mine, pixels: mine.mean(axis=0), lambda painted, image: painted[:, 0].reshape(image.shape[:2])
    )


@wrong("segment-1", "raised")
def model_for_labels():
    return lambda image, labels: image[labels.means_]


@wrong("segment-1", "wrong-kind")
def picture_for_function():
    return load_flower()[:5, :5]


@right("segment-2")
def shares_of_the_sum():
    return lambda pixels: pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1e-12)


@right("segment-2")
def unit_length():
    return lambda pixels: pixels / (np.linalg.norm(pixels, axis=1, keepdims=True) + 1e-9)


@right("segment-2")
def two_shares_in_a_table():
    def features(pixels):
        total = pixels.sum(axis=1) + 1e-9
        return pd.DataFrame({"red": pixels[:, 0] / total, "green": pixels[:, 1] / total})

    return features


@right("segment-2")
def centred_logarithms():
    def features(pixels):
        logs = np.log(pixels + 1e-9)
        return logs - logs.mean(axis=1, keepdims=True)

    return features


@right("segment-2")
def hue_and_saturation():
    return lambda pixels: rgb_to_hsv(np.clip(pixels, 0, 1))[:, :2]


@right("segment-2")
def ratios_to_green_as_lists():
    return lambda pixels: [[r / max(g, 1e-9), b / max(g, 1e-9)] for r, g, b in pixels.tolist()]


@wrong("segment-2", "unchanged")
def light_left_in():
    return lambda pixels: pixels


@wrong("segment-2", "unchanged")
def brightest_pixel_to_one():
    return lambda pixels: pixels / pixels.max()


@wrong("segment-2", "standardised")
def columns_scaled():
    return lambda pixels: (pixels - pixels.mean(axis=0)) / pixels.std(axis=0)


@wrong("segment-2", "standardised")
def shares_of_the_column():
    return lambda pixels: pixels / pixels.sum(axis=0)


@wrong("segment-2", "difference-for-ratio")
def mean_of_the_row_subtracted():
    return lambda pixels: pixels - pixels.mean(axis=1, keepdims=True)


@wrong("segment-2", "difference-for-ratio")
def channels_subtracted():
    return lambda pixels: np.column_stack([pixels[:, 0] - pixels[:, 1], pixels[:, 1] - pixels[:, 2]])


@wrong("segment-2", "log-not-centred")
def logarithms():
    return lambda pixels: np.log(np.maximum(pixels, 1e-9))


@wrong("segment-2", "brightness-kept")
def hue_saturation_and_value():
    return lambda pixels: rgb_to_hsv(np.clip(pixels, 0, 1))


@wrong("segment-2", "brightness-kept")
def grey_level():
    return lambda pixels: pixels.mean(axis=1)


@wrong("segment-2", "colour-lost")
def share_of_red_only():
    return lambda pixels: pixels[:, :1] / np.maximum(pixels.sum(axis=1, keepdims=True), 1e-12)


@wrong("segment-2", "colour-lost")
def nothing_left():
    return lambda pixels: np.zeros((len(pixels), 2))


@wrong("segment-2", "colour-lost")
def strongest_channel():
    return lambda pixels: pixels.argmax(axis=1)


@wrong("segment-2", "large-number-added")
def divisor_with_a_hundredth():
    return lambda pixels: pixels / (pixels.sum(axis=1, keepdims=True) + 0.01)


@wrong("segment-2", "large-number-added")
def length_and_a_thousandth():
    return lambda pixels: pixels / (np.linalg.norm(pixels, axis=1, keepdims=True) + 1e-3)


@wrong("segment-2", "divided-by-zero")
def sum_of_a_black_pixel():
    return lambda pixels: pixels / pixels.sum(axis=1, keepdims=True)


@wrong("segment-2", "other-rows")
def shares_centred_on_the_picture():
    def features(pixels):
        shares = pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1e-12)
        return shares - shares.mean(axis=0)

    return features


@wrong("segment-2", "other-rows")
def number_of_the_row():
    return lambda pixels: np.arange(len(pixels), dtype=float)


@wrong("segment-2", "transposed")
def channels_as_rows():
    return lambda pixels: (pixels / np.maximum(pixels.sum(axis=1, keepdims=True), 1e-12))[:, :2].T


@wrong("segment-2", "wrong-shape")
def one_number_for_all():
    return lambda pixels: pixels.mean()


@cache
def pixels():
    return load_flower().reshape(-1, 3)


@cache
def sample(seed=0):
    return pixels()[np.random.default_rng(seed).choice(len(pixels()), 5000, replace=False)]


@cache
def fit(k=5, seed=0):
    return best_fit(sample(seed), k, n_init=5)


def reddish(gmm):
    return np.flatnonzero(gmm.means_[:, 0] > 2 * gmm.means_[:, 2]).tolist()


def masks(gmm, chosen):
    """Return on the judged pixels which were found, and which are flower."""
    truth = flower_truth().ravel()
    judged = ~np.isnan(truth)
    return np.isin(gmm.predict(pixels()), chosen)[judged], truth[judged] == 1


def iou(gmm, chosen):
    found, flower = masks(gmm, chosen)
    return (found & flower).sum() / (found | flower).sum()


@right("segment-3")
def five_components_by_colour():
    return fit(), reddish(fit()), iou(fit(), reddish(fit()))


@right("segment-3")
def scikit_learn_on_all_pixels():
    gmm = GaussianMixture(7, random_state=0).fit(pixels())
    chosen = np.flatnonzero(gmm.means_[:, 0] > 1.5 * gmm.means_[:, 2])
    return gmm, chosen, np.float32(iou(gmm, chosen))


@right("segment-3")
def components_in_another_order():
    gmm = fit()
    turned = from_parameters(gmm.weights_[::-1], gmm.means_[::-1], gmm.covariances_[::-1], "full")
    chosen = reddish(turned)[::-1]
    return turned, tuple(chosen), [iou(turned, chosen)]


@right("segment-3")
def another_sample_and_a_set():
    gmm = fit(5, 3)
    return gmm, set(reddish(gmm)), iou(gmm, reddish(gmm))


@cache
def by_looking(gmm):
    truth, labels = flower_truth().ravel(), gmm.predict(pixels())
    return [k for k in range(len(gmm.weights_)) if np.nanmean(truth[labels == k]) > 0.5]


@right("segment-3")
def eight_components_chosen_by_looking():
    return fit(8), pd.Series(by_looking(fit(8))), iou(fit(8), by_looking(fit(8)))


@right("segment-3")
def rounded_to_three_places():
    return fit(8), by_looking(fit(8)), round(iou(fit(8), by_looking(fit(8))), 3)


@wrong("segment-3", "covariance-type")
def tied_after_all():
    gmm = best_fit(sample(), 5, covariance_type="tied", n_init=3)
    return gmm, reddish(gmm), iou(gmm, reddish(gmm))


@wrong("segment-3", "too-few")
def two_components():
    gmm = fit(2)
    return gmm, [int(gmm.means_[:, 0].argmax())], iou(gmm, [int(gmm.means_[:, 0].argmax())])


@wrong("segment-3", "not-reached")
def three_components():
    gmm = fit(3)
    return gmm, [int(gmm.means_[:, 0].argmax())], iou(gmm, [int(gmm.means_[:, 0].argmax())])


@wrong("segment-3", "wrong-units")
def pixels_of_255():
    gmm = best_fit(255 * sample(), 5, n_init=3)
    return gmm, reddish(gmm), 0.91


@wrong("segment-3", "wrong-units")
def standardised_pixels():
    gmm = best_fit((sample() - sample().mean(axis=0)) / sample().std(axis=0), 5, n_init=3)
    return gmm, [0, 1], 0.91


@wrong("segment-3", "wrong-data")
def the_other_photograph():
    gmm = best_fit(load_china().reshape(-1, 3)[::14], 5, n_init=3)
    return gmm, reddish(gmm), 0.91


@wrong("segment-3", "wrong-data")
def two_channels():
    return best_fit(sample()[:, :2], 5, n_init=3), [0, 1], 0.91


@wrong("segment-3", "background-chosen")
def the_rest_of_the_picture():
    others = sorted(set(range(5)) - set(reddish(fit())))
    return fit(), others, iou(fit(), others)


@wrong("segment-3", "component-missed")
def bright_petals_only():
    bright = int(fit().means_[:, 0].argmax())
    return fit(), bright, iou(fit(), [bright])


@wrong("segment-3", "wrong-components")
def bright_petals_do_not_reach_it():
    return bright_petals_only()


@wrong("segment-3", "component-too-many")
def leaves_added():
    gmm = fit()
    chosen = [*reddish(gmm), int(gmm.weights_.argmax())]
    return gmm, chosen, iou(gmm, chosen)


@wrong("segment-3", "no-such-component")
def numbered_from_one():
    chosen = [k + 1 for k in np.argsort(fit().means_[:, 0])[-2:].tolist()]
    return fit(), [*chosen, 5], 0.91


@wrong("segment-3", "mask-for-numbers")
def mask_over_the_components():
    chosen = np.isin(range(5), reddish(fit()))
    return fit(), chosen, iou(fit(), np.flatnonzero(chosen))


@wrong("segment-3", "mask-for-numbers")
def list_of_truth_values():
    chosen = np.isin(range(5), reddish(fit()))
    return fit(), chosen.tolist(), iou(fit(), np.flatnonzero(chosen))


@wrong("segment-3", "labels-for-components")
def mask_for_numbers():
    return fit(), np.isin(fit().predict(sample()), reddish(fit())).astype(int), 0.91


def scored(score):
    found, flower = masks(fit(8), by_looking(fit(8)))
    return fit(8), by_looking(fit(8)), score(found, flower)


@wrong("segment-3", "accuracy-for-iou")
def share_of_right_pixels():
    return scored(lambda found, flower: np.mean(found == flower))


@wrong("segment-3", "dice-for-iou")
def dice_score():
    return scored(lambda found, flower: 2 * (found & flower).sum() / (found.sum() + flower.sum()))


@wrong("segment-3", "precision-for-iou")
def share_of_the_found():
    return scored(lambda found, flower: flower[found].mean())


@wrong("segment-3", "recall-for-iou")
def share_of_the_flower():
    return scored(lambda found, flower: found[flower].mean())


@wrong("segment-3", "background-iou")
def iou_of_the_rest():
    return scored(lambda found, flower: (~found & ~flower).sum() / (~found | ~flower).sum())


@wrong("segment-3", "rounded")
def two_places():
    return fit(), reddish(fit()), round(iou(fit(), reddish(fit())), 2)


@wrong("segment-3", "percent")
def per_cent():
    return scored(lambda found, flower: 100 * (found & flower).sum() / (found | flower).sum())


@wrong("segment-3", "void-counted")
def undecided_pixels_counted():
    flower = flower_truth().ravel() == 1
    found = np.isin(fit().predict(pixels()), reddish(fit()))
    return fit(), reddish(fit()), (found & flower).sum() / (found | flower).sum()


@wrong("segment-3", "wrong-kind")
def kmeans_for_a_mixture():
    return KMeans(5, n_init=1, random_state=0).fit(sample()), [0, 1], 0.9


@right("segment-4")
def density_and_purpose():
    return "d"


@right("segment-4")
def density_and_purpose_capital():
    return " D. "


@right("segment-4")
def density_and_purpose_numpy():
    return np.str_("(d)")


@wrong("segment-4", "chose-a")
def sixty_things():
    return "a"


@wrong("segment-4", "chose-b")
def aic_for_large_samples():
    return "b"


@wrong("segment-4", "chose-c")
def search_on():
    return "c"


@wrong("segment-4", "chose-e")
def local_optima():
    return "e"


@wrong("segment-4", "wrong-kind")
def a_number():
    return 60


@wrong("segment-4", "wrong-kind")
def two_letters():
    return "c or d"
