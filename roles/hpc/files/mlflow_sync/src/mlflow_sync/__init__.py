"""MLflow where there is no network: one database for each job, a look at all of them, and the way home."""


class Refusal(Exception):
    """What is wrong, in words for whoever typed the command."""
