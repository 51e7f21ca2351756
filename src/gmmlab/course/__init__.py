"""For authors and instructors: working copies, execution, normal form, health of the environment."""


class LabError(Exception):
    """What went wrong, in a sentence for the person at the keyboard: what came, what to do."""
