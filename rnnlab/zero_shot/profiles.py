"""The profile of a season that may be long or no whole number of steps: of a year, by its days.

It is the mean deviation from the level by the place in the season, where late cycles weigh more. It
is smoothed, and shrunk, as far as that makes one half of the cycles foretell the other: a season
that does not repeat has none.
"""

import numpy as np

WEIGHT = 0.9  # of a cycle beside the next one
# older cycles hardly weigh
CYCLES = 20
# places that are averaged; no more than this share of a season
WIDTHS, WIDEST = (1, 3, 7, 15, 31, 61), 0.2


def seasonal_profile(y: np.ndarray, season: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The profile at the values y [T] and at the next steps, [T] and [steps].

    Zeros for a history that is shorter than two cycles.

    Args:
        y: NaN for missing values.
        season: steps in a cycle, 2 or more.
    """
    places = round(season)
    if len(y) < 2 * season:
        return np.zeros(len(y)), np.zeros(steps)
    recent = y[-int(CYCLES * season) :]
    # counted from the end, so that the last cycle is whole
    back = np.arange(len(y), -steps, -1) - 1
    place = np.floor(back % season * (places / season)).astype(np.int64) % places
    cycle = (back[-len(recent) - steps : len(back) - steps] // season).astype(np.int64)
    difference = recent - centred_level(recent, places)
    weights = np.where(np.isfinite(difference), WEIGHT**cycle, 0.0)
    # even and odd cycles
    key = place[len(y) - len(recent) : len(y)] + places * (cycle % 2)
    total = np.bincount(key, weights * np.nan_to_num(difference), minlength=2 * places)
    weight = np.bincount(key, weights, minlength=2 * places)
    profile = best_profile(total.reshape(2, places), weight.reshape(2, places))[place]
    return profile[: len(y)], profile[len(y) :]


def centred_level(y: np.ndarray, places: int) -> np.ndarray:
    """The mean of a whole cycle about each value of y [T]; of the nearest one at both ends."""
    known = np.isfinite(y)
    total = np.cumsum(np.append(0, np.where(known, y, 0)))
    count = np.cumsum(np.append(0, known))
    begin = np.clip(np.arange(len(y)) - places // 2, 0, len(y) - places)
    return (total[begin + places] - total[begin]) / np.maximum(
        count[begin + places] - count[begin], 1
    )


def best_profile(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The profile [P] of both halves of the cycles, smoothed and shrunk.

    Args:
        total, weight: [2, P], the weighted sum of deviations and of their weights.
    """
    raw = _profile(total, weight, 1)
    losses, kept = [], []
    widths = [width for width in WIDTHS if width <= max(1, WIDEST * total.shape[1])]
    for width in widths:
        halves = _profile(total, weight, width)
        # the share of one half that foretells the other best, and what that explains
        explained, size = (halves * raw[::-1]).sum(), max((halves**2).sum(), 1e-300)
        kept.append(np.clip(explained / size, 0, 1))
        losses.append(kept[-1] * (kept[-1] * size - 2 * explained))
    best = int(np.argmin(losses))
    both = _profile(total.sum(axis=0), weight.sum(axis=0), widths[best])
    # the mean of two halves is more certain than either (Spearman & Brown 1910)
    return both * 2 * kept[best] / (1 + kept[best])


def _profile(total: np.ndarray, weight: np.ndarray, width: int) -> np.ndarray:
    """Means over ``width`` places about each, less their own mean, [..., P]."""
    mean = _around(total, width) / np.maximum(_around(weight, width), 1e-9)
    return mean - mean.mean(axis=-1, keepdims=True)


def _around(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over ``width`` places about each, around the season, [..., P]."""
    if width == 1:
        return values
    half = width // 2
    around = np.concatenate([values[..., -half - 1 :], values, values[..., :half]], axis=-1)
    sums = np.cumsum(around, axis=-1)
    return sums[..., width:] - sums[..., :-width]
