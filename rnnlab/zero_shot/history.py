"""What the zero-shot network is told of a history: statistics, patches and simple forecasts.

Everything is computed for many series of one period at once, in numpy. S is the number of series,
T the length of their histories, H the number of steps ahead, m the period.
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.zero_shot.context import PATCH, long_period, patch_count, patch_size
from rnnlab.zero_shot.smoothing import smooth_all

# forecasts are told as distances from the base, in units; further ones are as good as this far
FAR = 60.0
SAME_PHASE = 4
CYCLES = 6
VIEWS = 4


@dataclass(frozen=True)
class Description:
    """What the network reads of a batch of histories.

    Attributes:
        patches: [S, N, VIEWS * PATCH], from old to new, float32.
        phases: [N, 2], sine and cosine of the phase at which each patch ends.
        scalars: [S, K], statistics of the whole history, float32.
        simple: [S, H, F], simple forecasts less the base, in units, float32.
        past: [S, H, SAME_PHASE], earlier values at the phase of each step, likewise.
        clock: [H, C], the step and its phase.
        base, unit: [S, H] and [S]: the forecast is base + unit x the network's output.
        lowest: [S], 0 where no value is negative, else minus infinity.
    """

    patches: np.ndarray
    phases: np.ndarray
    scalars: np.ndarray
    simple: np.ndarray
    past: np.ndarray
    clock: np.ndarray
    base: np.ndarray
    unit: np.ndarray
    lowest: np.ndarray


@dataclass(frozen=True)
class Seasonal:
    """A seasonal profile, and the history without it.

    Attributes:
        profile: [S, m]; column j belongs to the time m - j steps before the forecast.
        kept: [S], the share that shrinkage left of the profile, 0 to 1.
        adjusted: [S, T], the history less its profile.
    """

    profile: np.ndarray
    kept: np.ndarray
    adjusted: np.ndarray

    def at(self, ahead: np.ndarray) -> np.ndarray:
        return self.profile[:, (ahead - 1) % self.profile.shape[1]]


def describe(histories: np.ndarray, period: int, ahead: np.ndarray) -> Description:
    """Describe histories [S, T] for forecasts of the steps ``ahead`` [H], counted from 1.

    Histories are right-aligned: NaN before a series begins and where a value is missing. Each has
    at least one value, and the last is known or missing alike.
    """
    series, length = histories.shape
    known = np.isfinite(histories)
    start = known.argmax(axis=1)
    present = np.arange(length) >= start[:, None]
    y = fill_gaps(histories, known, start, period)
    size = np.where(present, np.abs(y), 0).max(axis=1, keepdims=True)
    size[size == 0] = 1
    y = y / size  # so that no unit is too large or too small for what follows
    count = present.sum(axis=1)
    positive = y.min(axis=1) > 0
    logs = np.log(np.where(positive[:, None], y, 1.0))
    seasonal = seasonal_part(y, present, count, period)
    seasonal_log = seasonal_part(logs, present, count, period)
    z, z_log = seasonal.adjusted, seasonal_log.adjusted
    s = mean_difference(y, present, period)
    s1 = mean_difference(z, present, 1)
    spread = _masked_mean(np.abs(y - _masked_mean(y, present)[:, None]), present)
    floor = 1e-6 * np.maximum(_masked_mean(np.abs(y), present), 1e-9)
    s = np.where(np.isfinite(s) & (s > floor), s, np.where(s1 > floor, s1, spread))
    s = np.maximum(s, floor)
    s1 = np.maximum(np.where(np.isfinite(s1), s1, s), 1e-3 * s)
    u = np.sqrt(s * np.minimum(s1, 10 * s))
    forecasts, smoothing = simple_forecasts(y, logs, present, count, period, ahead, seasonal, seasonal_log, positive)
    base = forecasts[:, :, 0]
    unit = s[:, None, None]
    relative = np.clip((forecasts - base[:, :, None]) / unit, -FAR, FAR)
    at = length - 1 - (period - 1 - (ahead - 1) % period)
    earlier = np.stack([at - k * period for k in range(SAME_PHASE)], axis=1)
    past = np.where(earlier >= 0, y[:, np.maximum(earlier, 0)], 0) - base[:, :, None]
    reached = (earlier >= 0) & present[:, np.maximum(earlier, 0)]
    past = np.where(reached, np.clip(past / unit, -FAR, FAR), 0)
    slow = exponential_mean(z, present, 0.15)
    views = [
        np.arcsinh((y - _masked_mean(y, present)[:, None]) / (3 * s[:, None])),
        np.arcsinh((z - slow[:, None]) / (2 * u[:, None])),
        np.where(positive[:, None], np.clip(2 * (logs - exponential_mean(logs, present, 0.15)[:, None]), -4, 4), 0),
        np.ones_like(y),
    ]
    seen = present & known
    views[3] = seen.astype(float)
    patches = cut_patches(np.stack([np.where(present, v, 0) for v in views], axis=1), period)
    number = patches.shape[1]
    ends = -(number - 1 - np.arange(number)) * patch_size(period)
    scalars = _scalars(y, z, known, present, count, period, seasonal, seasonal_log, s, s1, u, spread, positive, smoothing, forecasts, slow)
    scale = size[:, 0]
    return Description(
        patches.astype(np.float32),
        _phase(ends, period).astype(np.float32),
        scalars.astype(np.float32),
        np.arcsinh(relative).astype(np.float32),
        np.arcsinh(past).astype(np.float32),
        clock(ahead, period).astype(np.float32),
        base * scale[:, None],
        s * scale,
        np.where(np.where(present, y, 0).min(axis=1) >= 0, 0.0, -np.inf),
    )


def fill_gaps(
    histories: np.ndarray, known: np.ndarray, start: np.ndarray, period: int
) -> np.ndarray:
    """Missing values take the value a period before, else the last one; before the start, the first."""
    series, length = histories.shape
    rows = np.arange(series)[:, None]
    first = histories[rows[:, 0], start]
    y = np.where(known, histories, 0)
    inside = np.arange(length) >= start[:, None]
    if not (known == inside).all():
        time = np.where(known, np.arange(length), -1)
        pad = -length % period
        by_cycle = np.pad(time, ((0, 0), (pad, 0)), constant_values=-1).reshape(series, -1, period)
        same_phase = np.maximum.accumulate(by_cycle, axis=1).reshape(series, -1)[:, pad:]
        before = np.maximum.accumulate(time, axis=1)
        source = np.where(same_phase >= 0, same_phase, np.maximum(before, 0))
        y = y[rows, source]
    return np.where(inside, y, first[:, None])


def seasonal_part(y: np.ndarray, present: np.ndarray, count: np.ndarray, period: int) -> Seasonal:
    """The profile of the last cycles, shrunk by how much cycles differ (James & Stein 1961).

    Each cycle loses its mean and its slope, which comes from the means of its neighbours. Older
    cycles weigh less, 0.8 per cycle.
    """
    series, length = y.shape
    cycles = min(CYCLES, length // period)
    if period == 1 or cycles == 0:
        return Seasonal(np.zeros((series, period)), np.zeros(series), y)
    blocks = y[:, length - cycles * period :].reshape(series, cycles, period)
    whole = np.arange(cycles, 0, -1) * period <= count[:, None]
    means = blocks.mean(axis=2)
    rise = np.diff(means, axis=1) * whole[:, :-1]
    slopes = np.zeros_like(means)
    weight = np.zeros_like(means)
    slopes[:, 1:] += rise
    weight[:, 1:] += whole[:, :-1]
    slopes[:, :-1] += rise
    weight[:, :-1] += whole[:, :-1]
    slopes = slopes / np.maximum(weight, 1) / period
    place = np.arange(period) - (period - 1) / 2
    detrended = blocks - means[:, :, None] - slopes[:, :, None] * place
    weights = 0.8 ** np.arange(cycles - 1, -1, -1) * whole
    total = np.maximum(weights.sum(axis=1), 1e-9)
    profile = (weights[:, :, None] * detrended).sum(axis=1) / total[:, None]
    differences = detrended - profile[:, None]
    effective = total**2 / np.maximum((weights**2).sum(axis=1), 1e-9)
    variance = (weights[:, :, None] * differences**2).sum(axis=1).mean(axis=1) / total
    noise = variance / np.maximum(effective - 1, 0.5)
    signal = (profile**2).mean(axis=1)
    # one cycle alone cannot tell a season from noise
    kept = np.where(effective > 1.5, 1 - noise / np.maximum(signal, 1e-30), 0.5)
    kept = np.clip(kept, 0, 1) * whole.any(axis=1)
    profile = profile * kept[:, None]
    tiled = np.tile(profile, -(-length // period))[:, -length:]
    return Seasonal(profile, kept, y - tiled)


def mean_difference(y: np.ndarray, present: np.ndarray, lag: int) -> np.ndarray:
    """The mean absolute difference over ``lag`` steps, the scale of MASE; NaN for too few values."""
    if y.shape[1] <= lag:
        return np.full(len(y), np.nan)
    both = present[:, lag:] & present[:, :-lag]
    total = (np.abs(y[:, lag:] - y[:, :-lag]) * both).sum(axis=1)
    number = both.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def exponential_mean(y: np.ndarray, present: np.ndarray, rate: float) -> np.ndarray:
    weights = (1 - rate) ** np.arange(y.shape[1] - 1, -1, -1) * present
    return (weights * y).sum(axis=1) / weights.sum(axis=1)


def line(y: np.ndarray, present: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares over the last values: the line's value at the end and its slope, [S] each."""
    last = min(last, y.shape[1])
    y, inside = y[:, -last:], present[:, -last:]
    time = np.arange(1 - last, 1.0)
    number = inside.sum(axis=1)
    middle = (time * inside).sum(axis=1) / number
    mean = (y * inside).sum(axis=1) / number
    gap = (time - middle[:, None]) * inside
    slope = (gap * y).sum(axis=1) / np.maximum((gap**2).sum(axis=1), 1e-9)
    return mean - slope * middle, slope


def simple_forecasts(
    y: np.ndarray,
    logs: np.ndarray,
    present: np.ndarray,
    count: np.ndarray,
    period: int,
    ahead: np.ndarray,
    seasonal: Seasonal,
    seasonal_log: Seasonal,
    positive: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of simple methods, [S, H, F]; the first is the base. And what smoothing chose."""
    series, length = y.shape
    h = ahead[None, :].astype(float)
    profile, profile_log = seasonal.at(ahead), seasonal_log.at(ahead)
    z, z_log = seasonal.adjusted, seasonal_log.adjusted
    smoothed = smooth_all(np.stack([z, z_log]), present, ahead)
    last = y[:, -1:]
    at = length - period + (ahead - 1) % period
    naive = y[:, np.maximum(at, 0)] if period <= length else np.repeat(last, len(ahead), axis=1)
    reached = (at >= 0) & (np.arange(length) >= (length - count)[:, None])[:, np.maximum(at, 0)]
    naive = np.where(reached, naive, last)
    fast, slow = (exponential_mean(z, present, rate)[:, None] for rate in (0.5, 0.15))
    _, slope_all = line(z, present, length)
    recent_end, slope_recent = line(z, present, max(2 * period, 10))
    _, slope_log = line(z_log, present, max(2 * period, 10))
    low, high = logs.min(axis=1)[:, None] - 1.5, logs.max(axis=1)[:, None] + 1.5
    slow_log = exponential_mean(z_log, present, 0.3)[:, None]

    def unlog(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        return np.where(positive[:, None], np.exp(np.clip(values, low, high)), otherwise)

    means = _masked_mean(z, present)[:, None]
    base = smoothed.level[0][:, None] + profile
    all_of_it = smoothed.mean[0] + profile
    trended = smoothed.trended[0] + profile
    long = long_period(period)
    long_naive, long_profile = naive, base
    if long > period and length >= long:
        at = length - long + (ahead - 1) % long
        inside = present[:, at]
        long_naive = np.where(inside, y[:, at], naive)
        extra = long_part(z, present, period, long)
        long_profile = base + extra[:, (ahead - 1) % long]
    growth = np.where(count > 2 * period, mean_change(y, present, period), 0)[:, None]
    forecasts = [
        base,
        last + 0 * h,
        naive,
        fast + profile,
        slow + profile,
        means + profile,
        all_of_it,
        trended,
        smoothed.level[0][:, None] + 0.5 * slope_all[:, None] * h + profile,  # theta
        recent_end[:, None] + slope_recent[:, None] * h + profile,
        z[:, -1:] + profile,
        naive + growth * np.ceil(h / period),
        unlog(smoothed.mean[1] + profile_log, all_of_it),
        unlog(smoothed.trended[1] + profile_log, trended),
        unlog(slow_log + slope_log[:, None] * h + profile_log, trended),
        long_naive,
        long_profile,
    ]
    return np.stack(np.broadcast_arrays(*forecasts), axis=2), smoothed.features


def long_part(z: np.ndarray, present: np.ndarray, period: int, long: int) -> np.ndarray:
    """The profile of the second season, beyond the first, shrunk; [S, long]."""
    series, length = z.shape
    cycles = min(4, length // long)
    blocks = z[:, length - cycles * long :].reshape(series, cycles, long)
    known = present[:, length - cycles * long :].reshape(series, cycles, long)
    centred = (blocks - blocks.mean(axis=2, keepdims=True)) * known
    if long == 365:  # smooth, since a day of one year alone is mostly noise
        kernel = np.ones(15) / 15
        spectrum = np.abs(np.fft.rfft(kernel, long))
        centred = np.fft.irfft(np.fft.rfft(centred) * spectrum, long)
    number = known.sum(axis=1)
    profile = centred.sum(axis=1) / np.maximum(number, 1)
    variance = (((centred - profile[:, None]) * known) ** 2).sum(axis=(1, 2)) / long
    whole = number.min(axis=1)
    noise = variance / np.maximum(whole, 1) / np.maximum(whole - 1, 1)
    signal = (profile**2).mean(axis=1)
    kept = np.where(whole > 1, 1 - noise / np.maximum(signal, 1e-30), 0.5 * (whole > 0))
    return profile * np.clip(kept, 0, 1)[:, None]


def mean_change(y: np.ndarray, present: np.ndarray, period: int) -> np.ndarray:
    """The mean change over a period, weights halved every three periods."""
    if y.shape[1] <= period:
        return np.zeros(len(y))
    both = present[:, period:] & present[:, :-period]
    age = np.arange(both.shape[1] - 1, -1, -1) / period
    weights = both * 0.5 ** (age / 3)
    total = np.maximum(weights.sum(axis=1), 1e-9)
    return (weights * (y[:, period:] - y[:, :-period])).sum(axis=1) / total


def cut_patches(views: np.ndarray, period: int) -> np.ndarray:
    """Cut views [S, V, T] into patches from the end, [S, N, V * PATCH]; old ones are cut off."""
    series, kinds, length = views.shape
    size = patch_size(period)
    number = min(patch_count(period), -(-length // size))
    wanted = number * size
    if wanted > length:
        views = np.pad(views, ((0, 0), (0, 0), (wanted - length, 0)))
    blocks = views[:, :, -wanted:].reshape(series, kinds, number, size)
    blocks = np.pad(blocks, ((0, 0), (0, 0), (0, 0), (PATCH - size, 0)))
    return blocks.transpose(0, 2, 1, 3).reshape(series, number, kinds * PATCH)


def clock(ahead: np.ndarray, period: int) -> np.ndarray:
    """The step ahead in steps and in periods, and its phase, [H, 6]."""
    columns = [
        np.log(ahead) / 3,
        np.log1p(ahead / period),
        np.minimum(ahead / period, 5) / 2,
        1 / ahead,
    ]
    return np.concatenate([np.stack(columns, axis=1), _phase(ahead, period)], axis=1)


def _phase(times: np.ndarray, period: int) -> np.ndarray:
    angle = 2 * np.pi * times / period
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _scalars(y, z, known, present, count, period, seasonal, seasonal_log, s, s1, u, spread, positive, smoothing, forecasts, slow):
    n = np.log(count)
    later = present[:, 1:] & present[:, :-1]
    steps = np.where(later, np.diff(z, axis=1), 0)
    energy = np.maximum((steps**2).sum(axis=1), 1e-30)
    memory = (steps[:, 1:] * steps[:, :-1]).sum(axis=1) / energy if y.shape[1] > 2 else 0 * s
    longest = np.abs(steps).max(axis=1) / s1
    last = (z[:, -1] - slow) / u
    missing = 1 - (known & present).sum(axis=1) / count
    same = (later & (np.diff(y, axis=1) == 0)).sum(axis=1) / count
    zeros = ((y == 0) & present).sum(axis=1) / count
    mean = _masked_mean(y, present)
    slope_end, slope = line(z, present, y.shape[1])
    residual = _masked_mean(np.abs(z - slope_end[:, None] - slope[:, None] * np.arange(1 - y.shape[1], 1.0)), present)
    recent = _masked_mean(np.abs(steps), present[:, 1:] & (np.arange(y.shape[1] - 1) >= y.shape[1] - 1 - max(2 * period, 8)))
    columns = [
        np.full_like(s, np.log(period) / 3),
        np.full_like(s, float(period == 1)),
        n / 3,
        np.log1p(count / period),
        np.log(s1 / s),
        np.log(u / s),
        np.log(np.maximum(spread / s, 1e-3)),
        np.log(np.maximum(residual / s, 1e-3)),
        np.log(np.maximum(recent / s1, 1e-2)),
        seasonal.kept,
        seasonal_log.kept,
        np.sqrt((seasonal.profile**2).mean(axis=1)) / (np.sqrt((seasonal.profile**2).mean(axis=1)) + s),
        positive.astype(float),
        zeros,
        same,
        missing,
        memory * 2,
        np.log1p(longest) / 2,
        np.arcsinh(last),
        np.arcsinh(np.clip(mean / s, -1e4, 1e4)) / 3,
        np.arcsinh(slope * max(period, 4) / s),
    ]
    return np.concatenate([np.stack(columns, axis=1), smoothing], axis=1)


def _masked_mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return (values * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
