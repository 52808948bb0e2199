"""Statistics of whole histories, one number each."""

import numpy as np

from rnnlab.features import masked
from rnnlab.features.histories import Histories
from rnnlab.features.simple_forecasts import share_of_logs
from rnnlab.features.smoothing import Smoothed


def scalars(past: Histories, smoothed: Smoothed) -> np.ndarray:
    """Statistics of whole histories, scaled to the order of 1, [S, 28]."""
    columns = [*_about_length(past), *_about_scale(past), *_about_steps(past)]
    columns.append(share_of_logs(past, smoothed))
    return np.concatenate([np.stack(columns, axis=1), smoothed.features], axis=1)


def _about_length(past: Histories) -> list[np.ndarray]:
    y, count, present = past.y, past.count, past.present
    period = np.full(len(y), float(past.period))
    same = (present[:, 1:] & present[:, :-1] & (np.diff(y, axis=1) == 0)).sum(axis=1)
    return [
        np.log(period) / 3,
        (period == 1).astype(float),
        np.log(count) / 3,
        np.log1p(count / period),
        past.positive.astype(float),
        ((y == 0) & present).sum(axis=1) / count,
        same / count,
        1 - (past.known & present).sum(axis=1) / count,
    ]


def _about_scale(past: Histories) -> list[np.ndarray]:
    y, z, present, scales = past.y, past.season.adjusted, past.present, past.scales
    unit = scales.unit
    end, slope = past.line
    fitted = end[:, None] + slope[:, None] * np.arange(1 - y.shape[1], 1.0)
    residual = masked.mean(np.abs(z - fitted), present)
    season = np.sqrt((past.season.profile**2).mean(axis=1))
    mean = np.clip(past.mean / unit, -1e4, 1e4)
    return [
        np.log(scales.step / unit),
        np.log(scales.between / unit),
        np.log(np.maximum(scales.spread / unit, 1e-3)),
        np.log(np.maximum(residual / unit, 1e-3)),
        past.season.kept,
        past.log_season.kept,
        season / (season + unit),
        np.arcsinh(mean) / 3,
        np.arcsinh(slope * max(past.period, 4) / unit),
    ]


def _about_steps(past: Histories) -> list[np.ndarray]:
    z, present, scales = past.season.adjusted, past.present, past.scales
    later = present[:, 1:] & present[:, :-1]
    steps = np.where(later, np.diff(z, axis=1), 0)
    energy = np.maximum((steps**2).sum(axis=1), 1e-30)
    memory = (steps[:, 1:] * steps[:, :-1]).sum(axis=1) / energy
    age = np.arange(steps.shape[1] - 1, -1, -1)
    recent = masked.mean(np.abs(steps), present[:, 1:] & (age < max(2 * past.period, 8)))
    last = z[:, -1] - past.level
    longest = np.abs(steps).max(axis=1, initial=0) / scales.step
    return [
        np.log(np.maximum(recent / scales.step, 1e-2)),
        memory * 2,
        np.log1p(longest) / 2,
        np.arcsinh(last / scales.between),
    ]
