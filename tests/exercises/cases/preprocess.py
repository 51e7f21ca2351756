"""Answers to the exercises of notebook 02: right ones written differently, and the usual wrong ones."""

import numpy as np
import pandas as pd
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exercises.case import right, wrong
from gmmlab.mixture import best_fit
from gmmlab.preprocess import split_penguins


def birds():
    return split_penguins()[:2]


@right("preprocess-1")
def by_hand():
    return lambda train, new: (new - np.mean(train, axis=0)) / np.std(train, axis=0)


@right("preprocess-1")
def with_the_scaler():
    return lambda train, new: StandardScaler().fit(train).transform(new)


@right("preprocess-1")
def with_pandas_and_ddof_0():
    def standardise(train, new):
        train, new = pd.DataFrame(train), pd.DataFrame(new)
        return (new - train.mean()) / train.std(ddof=0)

    return standardise


@right("preprocess-1")
def column_by_column_as_lists():
    def standardise(train, new):
        columns = [(n - t.mean()) / np.sqrt(((t - t.mean()) ** 2).mean()) for t, n in zip(train.T, new.T, strict=True)]
        return np.array(columns).T.tolist()

    return standardise


@right("preprocess-1")
def in_single_precision():
    return lambda train, new: ((new - train.mean(0)) / train.std(0)).astype(np.float32)


@wrong("preprocess-1", "variance-for-sd")
def divided_by_the_variance():
    return lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0)


@wrong("preprocess-1", "variance-for-sd")
def divided_by_the_diagonal_of_the_covariance():
    return lambda train, new: (new - train.mean(axis=0)) / np.diag(np.cov(train.T))


@wrong("preprocess-1", "sample-sd")
def pandas_default():
    return lambda train, new: (new - train.mean(axis=0)) / pd.DataFrame(train).std().to_numpy()


@wrong("preprocess-1", "sample-sd")
def numpy_with_ddof_1():
    return lambda train, new: (new - train.mean(axis=0)) / train.std(axis=0, ddof=1)


@wrong("preprocess-1", "wrong-axis")
def along_the_rows():
    return lambda train, new: (new - train.mean(axis=1)) / train.std(axis=1)


@wrong("preprocess-1", "wrong-axis")
def along_the_rows_kept_as_columns():
    return lambda train, new: (new - train.mean(axis=1, keepdims=True)) / train.std(axis=1, keepdims=True)


@wrong("preprocess-1", "wrong-axis")
def over_the_whole_table():
    return lambda train, new: (new - train.mean()) / train.std()


@wrong("preprocess-1", "wrong-axis")
def sd_over_the_whole_table():
    return lambda train, new: (new - train.mean(axis=0)) / np.std(train)


@wrong("preprocess-1", "scaled-by-itself")
def as_ben_did():
    return lambda train, new: StandardScaler().fit_transform(new)


@wrong("preprocess-1", "scaled-by-itself")
def own_means_and_training_sds():
    return lambda train, new: (new - new.mean(axis=0)) / train.std(axis=0)


@wrong("preprocess-1", "scaler-fitted-on-all")
def scaler_of_both_tables():
    return lambda train, new: StandardScaler().fit(np.concatenate([train, new])).transform(new)


@wrong("preprocess-1", "train-for-new")
def gave_back_the_training_table():
    return lambda train, new: StandardScaler().fit_transform(train)


@wrong("preprocess-1", "not-centred")
def divided_only():
    return lambda train, new: new / train.std(axis=0)


@wrong("preprocess-1", "not-scaled")
def subtracted_only():
    return lambda train, new: new - train.mean(axis=0)


@wrong("preprocess-1", "min-max")
def from_0_to_1():
    return lambda train, new: (new - train.min(axis=0)) / (train.max(axis=0) - train.min(axis=0))


@wrong("preprocess-1", "raised")
def asked_an_array_for_values():
    return lambda train, new: (new.values - train.values.mean(axis=0)) / train.values.std(axis=0)


@wrong("preprocess-1", "wrong-kind")
def the_scaler_itself():
    return lambda train, new: StandardScaler().fit(train)


@wrong("preprocess-1", "wrong-kind")
def a_table_for_a_function():
    return StandardScaler().fit(birds()[0]).transform(birds()[1])


def split(X, y):
    return train_test_split(X, test_size=0.3, stratify=y, random_state=0)


@right("preprocess-2")
def as_in_the_lesson():
    def score_new(X, y):
        train, new = split(X, y)
        return make_pipeline(StandardScaler(), GaussianMixture(3, n_init=10, random_state=0)).fit(train).score(new)

    return score_new


@right("preprocess-2")
def scaler_and_mixture_apart_and_converged():
    def score_new(X, y):
        train, new = split(X, y)
        scaler = StandardScaler().fit(train)
        mixture = GaussianMixture(3, n_init=10, tol=1e-6, max_iter=1000, random_state=7).fit(scaler.transform(train))
        return mixture.score_samples(scaler.transform(new)).mean()

    return score_new


@right("preprocess-2")
def scaled_by_hand():
    def score_new(X, y):
        train, new = split(X, y)
        center, width = train.mean(axis=0), train.std(axis=0)
        return best_fit((train - center) / width, 3).score((new - center) / width)

    return score_new


@wrong("preprocess-2", "leak-kept")
def colleague_in_a_pipeline():
    def score_new(X, y):
        model = make_pipeline(StandardScaler(), GaussianMixture(3, n_init=10, random_state=1)).fit(X)
        return model.score(split(X, y)[1])

    return score_new


@wrong("preprocess-2", "scaler-fitted-on-all")
def mended_the_mixture_only():
    def score_new(X, y):
        train, new = split(StandardScaler().fit_transform(X), y)
        return GaussianMixture(3, n_init=10, random_state=0).fit(train).score(new)

    return score_new


@wrong("preprocess-2", "wrong-kind")
def returned_the_model():
    return lambda X, y: make_pipeline(StandardScaler(), GaussianMixture(3, random_state=0)).fit(split(X, y)[0])


@wrong("preprocess-2", "wrong-shape")
def returned_log_densities():
    return lambda X, y: GaussianMixture(3, random_state=0).fit(X).score_samples(X)


@wrong("preprocess-2", "raised")
def asked_an_array_for_rows():
    return lambda X, y: X.iloc[y == 0]


@wrong("preprocess-2", "wrong-kind")
def called_the_function():
    return -3.45


@wrong("preprocess-3", "chose-a")
def capital_with_a_dot():
    return "A."


@wrong("preprocess-3", "chose-b")
def letter_in_spaces():
    return " b "


@wrong("preprocess-3", "chose-d")
def letter_in_brackets():
    return "(D)"


@wrong("preprocess-3", "wrong-kind")
def a_letter_that_is_no_option():
    return "e"


@wrong("preprocess-3", "wrong-kind")
def a_dict_of_the_letter():
    return {"preprocess_3": "c"}
