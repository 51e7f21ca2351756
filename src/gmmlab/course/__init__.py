"""For authors and instructors: working copies, execution, normal form, health of the environment."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Variables that hold the BLAS to one thread, set before numpy loads: the lab's fits are too small to share, and with
sixteen threads on two cores a notebook took ten times as long. Parallel work comes from many files or fits at once."""


class LabError(Exception):
    """What went wrong, in a sentence for the person at the keyboard: what was given, what to do."""
