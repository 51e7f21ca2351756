"""What nbval compares: every output except images (its default) and the answers that checks store."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["TQDM_DISABLE"] = "1"  # a progress bar would be an output that no other run has


def pytest_collectstart(collector):
    """Leave stored answers out: they hold floats to the last bit, which differs between machines."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("application/vnd.gmmlab.answer+json",)
