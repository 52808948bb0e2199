"""How hypothesis is set up here."""

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """So many, the same on each run, so that what is red is red again; time is the suite's."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
