"""Settings of hypothesis.

FUZZ_RANDOM=1 with pytest's --hypothesis-seed tries other examples.
"""

import os

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """``count`` examples, the same in each run, so that failures repeat; no deadline."""
    return settings(
        max_examples=count,
        derandomize="FUZZ_RANDOM" not in os.environ,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
