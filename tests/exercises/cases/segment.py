"""Answers to the exercises of notebook 12: right ones written differently, and the usual wrong ones."""

from functools import cache

import numpy as np
import pandas as pd
from matplotlib.colors import rgb_to_hsv
from scipy.ndimage import convolve, median_filter, uniform_filter
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.data import load_china, load_flower


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


@wrong("segment-1", "columns-first")
def labels_in_columns():
    def recolour(image, labels):
        painted, grid = image.copy(), labels.reshape(image.shape[:2], order="F")
        for k in np.unique(labels):
            painted[grid == k] = image[grid == k].mean(axis=0)
        return painted

    return recolour


@wrong("segment-1", "empty-component")
def components_counted_instead_of_named():
    def recolour(image, labels):
        pixels = image.reshape(-1, 3)
        painted = np.zeros_like(pixels)
        for k in range(len(np.unique(labels))):
            painted[labels == k] = pixels[labels == k].mean(axis=0) if (labels == k).any() else 0
        return painted.reshape(image.shape)

    return recolour


@wrong("segment-1", "raised")
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


@right("segment-3")
def component_after_component():
    def smooth(responsibilities, shape, width):
        means = [uniform_filter(column.reshape(shape), width).ravel() for column in responsibilities.T]
        return np.argmax(means, axis=0)

    return smooth


@right("segment-3")
def squares_cut_out_by_hand():
    def smooth(responsibilities, shape, width):
        height, across = shape
        maps, r = responsibilities.reshape(height, across, -1), width // 2
        labels = []
        for i in range(height):
            for j in range(across):
                square = maps[max(i - r, 0) : i + r + 1, max(j - r, 0) : j + r + 1]
                labels.append(int(square.mean(axis=(0, 1)).argmax()))
        return labels

    return smooth


@right("segment-3")
def sums_by_convolution_with_zeros_outside():
    def smooth(responsibilities, shape, width):
        maps = responsibilities.reshape(*shape, -1)
        sums = [convolve(maps[:, :, k], np.ones((width, width)), mode="constant") for k in range(maps.shape[2])]
        return pd.Series(np.stack(sums, axis=2).argmax(axis=2).ravel())

    return smooth


@wrong("segment-3", "hard-votes")
def most_frequent_label_of_the_square():
    def smooth(responsibilities, shape, width):
        labels = responsibilities.argmax(axis=1).reshape(shape)
        votes = [uniform_filter((labels == k).astype(float), width) for k in range(responsibilities.shape[1])]
        return np.argmax(np.round(votes, 6), axis=0).ravel()

    return smooth


@wrong("segment-3", "median-of-labels")
def filtered_as_in_the_lesson():
    return lambda proba, shape, width: median_filter(proba.argmax(axis=1).reshape(shape), size=width).ravel()


@wrong("segment-3", "raised")
def model_for_responsibilities():
    return lambda model, shape, width: model.predict_proba(shape)


@cache
def dots():
    return load_china().reshape(-1, 3)


@cache
def few(seed=0):
    return dots()[np.random.default_rng(seed).choice(len(dots()), 2000, replace=False)]


@cache
def centres(seed=0):
    return KMeans(8, n_init=10, random_state=0).fit(few(seed)).cluster_centers_


def painted(palette):
    """Return the differences, in grey levels, of the picture and each pixel's nearest colour."""
    nearest = np.argmin([np.linalg.norm(dots() - colour, axis=1) for colour in palette], axis=0)
    return 255 * (dots() - np.asarray(palette)[nearest])


def error(palette):
    return np.sqrt(np.mean(painted(palette) ** 2))


@right("segment-4")
def kmeans_on_a_sample():
    return centres(), error(centres())


@right("segment-4")
def kmeans_on_all_pixels_by_its_inertia():
    km = KMeans(8, n_init=2, random_state=1).fit(dots())
    return km.cluster_centers_.tolist(), 255 * (km.inertia_ / dots().size) ** 0.5


@right("segment-4")
def sorted_and_rounded_to_one_decimal():
    palette = pd.DataFrame(centres(3), columns=["red", "green", "blue"]).sort_values("red")
    return palette, np.float32(round(error(palette.to_numpy()), 1))


@right("segment-4")
def small_batches():
    palette = MiniBatchKMeans(8, n_init=5, random_state=0).fit(dots()).cluster_centers_
    return palette, error(palette)


@wrong("segment-4", "not-reached")
def means_of_full_components():
    palette = GaussianMixture(8, n_init=2, random_state=0).fit(few()).means_
    return palette, error(palette)


@wrong("segment-4", "not-reached")
def eight_pixels_at_random():
    return few()[:8], error(few()[:8])


@wrong("segment-4", "far-off")
def eight_greys_that_are_dark():
    palette = np.repeat(np.linspace(0, 0.2, 8)[:, None], 3, axis=1)
    return palette, error(palette)


@wrong("segment-4", "one-colour")
def one_colour_eight_times():
    palette = np.tile(dots().mean(axis=0), (8, 1))
    return palette, error(palette)


@wrong("segment-4", "grey-levels")
def palette_of_255():
    return 255 * centres(), error(centres())


@wrong("segment-4", "standardised")
def scaled_pixels():
    scaled = StandardScaler().fit_transform(few())
    return KMeans(8, n_init=2, random_state=0).fit(scaled).cluster_centers_ / 2, error(centres())


@wrong("segment-4", "wrong-count")
def sixteen_colours():
    palette = KMeans(16, n_init=1, random_state=0).fit(few()).cluster_centers_
    return palette, error(palette)


@wrong("segment-4", "transposed")
def channels_for_rows():
    return centres().T, error(centres())


@wrong("segment-4", "wrong-kind")
def the_model_itself():
    return KMeans(8, n_init=1, random_state=0).fit(few()), error(centres())


@wrong("segment-4", "unit-scale")
def scale_of_one():
    return centres(), error(centres()) / 255


@wrong("segment-4", "no-root")
def mean_of_squares():
    return centres(), np.mean(painted(centres()) ** 2)


@wrong("segment-4", "per-pixel")
def distance_of_pixels():
    return centres(), np.sqrt(np.mean(np.sum(painted(centres()) ** 2, axis=1)))


@wrong("segment-4", "absolute")
def mean_of_absolute_differences():
    return centres(), np.abs(painted(centres())).mean()


@wrong("segment-4", "sum-of-squares")
def inertia():
    return centres(), np.sum(painted(centres()) ** 2) / 255**2


@wrong("segment-4", "sample-for-all")
def error_on_a_sample():
    return centres(), 255 * np.sqrt(KMeans(8, n_init=10, random_state=0).fit(few()).inertia_ / few().size)


@wrong("segment-4", "wrong-shape")
def one_error_a_channel():
    return centres(), np.sqrt(np.mean(painted(centres()) ** 2, axis=0))
