"""Forecasts of simple methods, which the network weighs and corrects."""

import numpy as np

from rnnlab.features import masked
from rnnlab.features.context import long_period
from rnnlab.features.histories import Histories
from rnnlab.features.seasons import a_period_ago, long_season_ago
from rnnlab.features.smoothing import EVIDENCE, Smoothed

FAST, MIDDLE = 0.5, 0.3  # rates of exponential means
# logarithms of forecasts go no further beyond those of the history: a factor of 4.5
BEYOND = 1.5


def simple_forecasts(past: Histories, smoothed: Smoothed, ahead: np.ndarray) -> np.ndarray:
    """Nineteen forecasts of the steps ``ahead`` [H], [S, H, 19]; the first is the base.

    The base is the mean of two strong ones: all smoothings, and Theta, on the values and on
    logarithms by how well each has done.
    """
    h = ahead[None, :].astype(float)
    added, multiplied = _additive(past, smoothed, ahead, h), _on_logs(past, smoothed, ahead, h)
    level, smooth, trended = added[:3]
    naive = a_period_ago(past.y, past.count, past.period, ahead)
    change = masked.mean_change(past.y, past.present, past.period)
    change = np.where(past.count > 2 * past.period, change, 0)[:, None]
    positive = past.positive[:, None]
    log_theta, *on_logs = (
        np.where(positive, forecast, otherwise)
        for forecast, otherwise in zip(multiplied, (smooth, smooth, trended, trended), strict=True)
    )
    multiplicative = share_of_logs(past, smoothed)[:, None]
    theta = multiplicative * log_theta + (1 - multiplicative) * added[3]
    forecasts = [
        0.5 * (smooth + theta),
        past.y[:, -1:] + 0 * h,
        naive,
        naive + change * np.ceil(h / past.period),
        *added,
        log_theta,
        *on_logs,
        *long_season_ago(
            past.y, past.count, past.period, long_period(past.period), ahead, (naive, level)
        ),
    ]
    return np.stack(forecasts, axis=2)


def share_of_logs(past: Histories, smoothed: Smoothed) -> np.ndarray:
    """How far smoothing of logarithms is to be believed, beside that of the values, [S]: 0 to 1."""
    evidence = np.minimum(past.count - 1, EVIDENCE) / 4
    ratio = np.log(smoothed.cost[0] + 1e-30) - np.log(smoothed.cost[1] + 1e-30)
    return np.where(past.positive, 1 / (1 + np.exp(-np.clip(evidence * ratio, -30, 30))), 0)


def _additive(
    past: Histories, smoothed: Smoothed, ahead: np.ndarray, h: np.ndarray
) -> list[np.ndarray]:
    """Level, mean or line of the history without its season, plus the season; [S, H] each."""
    z, present = past.season.adjusted, past.present
    profile = past.season.at(ahead)
    level = smoothed.level[0][:, None]
    fast = masked.exponential_mean(z, present, FAST)[:, None]
    _, slope = past.line
    end, recent_slope = masked.line(z, present, max(2 * past.period, 10))
    parts = [
        level,
        smoothed.mean[0],
        smoothed.trended[0],
        # Theta: the level and half the slope (Hyndman & Billah 2003)
        level + 0.5 * slope[:, None] * h,
        fast,
        past.level[:, None],
        masked.mean(z, present)[:, None],
        end[:, None] + recent_slope[:, None] * h,
        z[:, -1:],
    ]
    return [part + profile for part in parts]


def _on_logs(
    past: Histories, smoothed: Smoothed, ahead: np.ndarray, h: np.ndarray
) -> list[np.ndarray]:
    """Theta, all smoothings, those with a trend and the recent slope, on logarithms."""
    z, present, logs = past.log_season.adjusted, past.present, past.logs
    _, slope = masked.line(z, present, logs.shape[1])
    _, recent_slope = masked.line(z, present, max(2 * past.period, 10))
    level = masked.exponential_mean(z, present, MIDDLE)[:, None]
    parts = [
        smoothed.level[1][:, None] + 0.5 * slope[:, None] * h,
        smoothed.mean[1],
        smoothed.trended[1],
        level + recent_slope[:, None] * h,
    ]
    low = logs.min(axis=1, keepdims=True) - BEYOND
    high = logs.max(axis=1, keepdims=True) + BEYOND
    profile = past.log_season.at(ahead)
    return [np.exp(np.clip(part + profile, low, high)) for part in parts]
