"""How fast the network forecasts on one thread."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.readings import forecast_series

LENGTH, HORIZON, PERIOD = 120, 24, 12
MANY, ROUNDS, CALLS = 4096, 5, 100


def measure_speed(
    network: ZeroShotNetwork, many: int = MANY, rounds: int = ROUNDS, calls: int = CALLS
) -> dict[str, float]:
    """Series a second in batches, and the milliseconds of one series in a running process.

    Each series has 120 values and a period of 12, and is forecast 24 ahead. The times contain all
    statistics of the histories; both are medians after a warm-up.

    Args:
        many: series of one call, which the forecaster cuts into its batches.
        rounds: calls with many series.
        calls: calls with one series.
    """
    histories = monthly_series(many)
    with one_thread():
        forecast_series(network, histories[: min(many, 512)], PERIOD, HORIZON)
        batches = [_seconds(network, histories) for _ in range(rounds)]
        singles = [_seconds(network, [histories[n % many]]) for n in range(calls + 5)][5:]
    return {"series_per_second": many / median(batches), "ms_one_series": 1000 * median(singles)}


def _seconds(network: ZeroShotNetwork, histories: list[np.ndarray]) -> float:
    begun = time.perf_counter()
    forecast_series(network, histories, PERIOD, HORIZON)
    return time.perf_counter() - begun


def monthly_series(count: int) -> list[np.ndarray]:
    """Series with trend, season and noise."""
    rng = np.random.default_rng(0)
    step = np.arange(LENGTH)
    growth, size = rng.normal(0.3, 0.3, (count, 1)), rng.uniform(0, 20, (count, 1))
    season = size * np.sin(2 * np.pi * (step / PERIOD + rng.random((count, 1))))
    return list(100 + growth * step + season + rng.normal(0, 3, (count, LENGTH)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch and numpy use one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
