"""Settings of hypothesis."""

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """``count`` examples, the same in each run, so that failures repeat; no deadline."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
