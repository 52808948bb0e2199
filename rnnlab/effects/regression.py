"""The effect of covariates on each series: a ridge regression of changes on changes.

From each value, and from each covariate, the mean of the same season in the last cycles is taken
off. What is left of the values is regressed on what is left of the covariates, so neither a season
nor a slow trend that both share is taken for an effect. The coefficients of a series are drawn
towards those of the whole panel, and those of a phase of the season towards those of its series
(ridge regression about a prior mean; Lindley & Smith 1972).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.series.panel import Covariates, Panel

# cycles whose mean is taken off, and those that a typical series needs for that
CYCLES, MIN_CYCLES = 3, 3
# a covariate with more values than this may bend, at these quantiles of its past
FEW_VALUES, KNOTS = 8, (0.25, 0.5, 0.75, 0.95)
# how far coefficients are drawn to others: as far as so many observations draw them in which the
# covariate changes by as much as it ever did
STRENGTH = 1.0
# with fewer changes the size of a series' own says less than what is usual in the panel
FEW_CHANGES = 10
# numbers in one batch of series, which bounds the memory
BATCH_NUMBERS = 5_000_000


@dataclass(frozen=True)
class Form:
    """What kind of effect is fitted.

    Attributes:
        season: steps of the season that is taken off; 1 for the values just before.
        curved: whether the effect of a number bends, or is a straight line.
        crossed: whether each phase of the panel's period has coefficients of its own.
    """

    season: int
    curved: bool = False
    crossed: bool = False


@dataclass(frozen=True)
class _Batch:
    """Series with equally many values to fit on, and equally many rows of covariates.

    Attributes:
        series: [G], their numbers.
        rows: [G, R], of their covariates.
        y: [G, T], to fit on.
        x: [G, R, K].
    """

    series: np.ndarray
    rows: np.ndarray
    y: np.ndarray
    x: np.ndarray


def fit_effect(panel: Panel, ends: np.ndarray, form: Form) -> np.ndarray:
    """The effect at each row of the panel's covariates, [rows], in the units of the series.

    Recent values count more: their weight grows in proportion to the time since the first one.

    Args:
        ends: [S], how many values of each series it is fitted on; later ones are not read.
    """
    if form.curved:
        straight = fit_effect(panel, ends, replace(form, curved=False, crossed=False))
        panel = replace(panel, covariates=with_bends(panel, ends, straight))
    covariates = panel.covariates
    assert covariates is not None
    moments = _Moments(panel, ends, form.season)
    effect = np.zeros(len(covariates.values))
    for batch in batches(panel, ends):
        coefficients = moments.coefficients(batch.series)
        scaled = batch.x / moments.size[batch.series, None]
        if form.crossed and panel.period > 1:
            dx, dy = moments.changes(batch)
            found = _by_phase(dx, dy, scaled, coefficients, panel.period)
        else:
            found = np.einsum("grk,gk->gr", scaled, coefficients)
        effect[batch.rows] = found * moments.unit[batch.series, None]
    return effect


def batches(panel: Panel, ends: np.ndarray) -> Iterator[_Batch]:
    """All series, in groups that are rectangular arrays."""
    covariates = panel.covariates
    assert covariates is not None
    counts = np.diff(covariates.offsets)
    groups = defaultdict(list)
    for number, key in enumerate(zip(ends.tolist(), counts.tolist(), strict=True)):
        groups[key].append(number)
    for (end, count), numbers in groups.items():
        size = max(1, BATCH_NUMBERS // max(1, count * len(covariates.names)))
        for begin in range(0, len(numbers), size):
            series = np.array(numbers[begin : begin + size])
            rows = covariates.offsets[series][:, None] + np.arange(count)
            y = panel.y[panel.offsets[series][:, None] + np.arange(end)]
            yield _Batch(series, rows, y, covariates.values[rows])


class _Moments:
    """Sums over time of squares and products of changes, by series, and what they are scaled by."""

    def __init__(self, panel: Panel, ends: np.ndarray, season: int) -> None:
        assert panel.covariates is not None
        covariates = panel.covariates
        series, width = len(panel.ids), covariates.values.shape[1]
        self.season = season
        self.gram = np.zeros((series, width, width))
        self.moment = np.zeros((series, width))
        self.size, self.unit = np.zeros((series, width)), np.zeros(series)
        count, level = np.zeros(series), np.zeros(series)
        for batch in batches(panel, ends):
            dx, dy, known = changes(batch, season)
            self.size[batch.series] = np.abs(dx).max(axis=1, initial=0)
            count[batch.series] = known.sum(axis=1)
            self.unit[batch.series] = np.abs(dy).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            level[batch.series] = mean_size(batch.y)
            self.gram[batch.series] = np.swapaxes(dx, 1, 2) @ dx
            self.moment[batch.series] = np.einsum("gtk,gt->gk", dx, dy)
        if series > 1:
            self.unit = _towards_usual(self.unit, count, level)
        # a series of zeros has no size to give an effect in
        self._divisor = np.where(self.unit > 0, self.unit, 1)
        # a covariate that never changed in one series has the size of the largest change elsewhere
        largest = self.size.max(axis=0, initial=0)
        self.size = np.where(self.size > 0, self.size, np.where(largest > 0, largest, 1))
        self.moment /= self.size * self._divisor[:, None]
        self.gram /= self.size[:, :, None] * self.size[:, None, :]
        nothing = np.zeros(width)
        self.pooled = (
            ridge(self.gram.sum(axis=0), self.moment.sum(axis=0), nothing)
            if series > 1
            else nothing
        )

    def coefficients(self, series: np.ndarray) -> np.ndarray:
        """Of series [G], [G, K], of scaled covariates on scaled values."""
        return ridge(self.gram[series], self.moment[series], self.pooled)

    def changes(self, batch: _Batch) -> tuple[np.ndarray, np.ndarray]:
        """Scaled changes of covariates [G, T, K] and values [G, T], weighted; 0 where unknown."""
        dx, dy, _ = changes(batch, self.season)
        return dx / self.size[batch.series, None], dy / self._divisor[batch.series, None]


def mean_size(y: np.ndarray) -> np.ndarray:
    """The mean of the absolute values of y [G, T] that are known, [G]; 0 without any."""
    known = np.isfinite(y)
    return np.where(known, np.abs(y), 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _towards_usual(unit: np.ndarray, count: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The size of changes [S], drawn to what is usual for the level [S] where few are known."""
    varied = (unit > 0) & (level > 0)
    usual = level * (np.median(unit[varied] / level[varied]) if varied.any() else 0)
    return np.where(usual > 0, (count * unit + FEW_CHANGES * usual) / (count + FEW_CHANGES), unit)


def changes(batch: _Batch, season: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted changes of covariates [G, T, K] and values [G, T], and where they are known, [G, T].

    They are 0 elsewhere.
    """
    length = batch.y.shape[1]
    dx = without_season(batch.x[:, :length], season)
    dy = without_season(batch.y[:, :, None], season)[:, :, 0]
    known = np.isfinite(dy) & np.isfinite(dx).all(axis=2)
    weight = np.where(known, np.sqrt(np.arange(1, length + 1) / length), 0)
    return np.nan_to_num(dx) * weight[:, :, None], np.nan_to_num(dy) * weight, known


def without_season(values: np.ndarray, season: int) -> np.ndarray:
    """Values [G, T, K] less the mean at the same phase of the last cycles; NaN in the first one."""
    total, count = np.zeros_like(values), np.zeros_like(values)
    for lag in range(season, min(CYCLES * season, values.shape[1] - 1) + 1, season):
        before = values[:, :-lag]
        known = np.isfinite(before)
        total[:, lag:] += np.where(known, before, 0)
        count[:, lag:] += known
    with np.errstate(divide="ignore", invalid="ignore"):
        return values - total / count


def ridge(gram: np.ndarray, moment: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Coefficients [..., K] about ``prior`` [..., K], from gram [..., K, K] and moment [..., K]."""
    penalty = STRENGTH * np.eye(gram.shape[-1])
    return np.linalg.solve(gram + penalty, (moment + STRENGTH * prior)[..., None])[..., 0]


def _by_phase(
    dx: np.ndarray, dy: np.ndarray, scaled: np.ndarray, prior: np.ndarray, period: int
) -> np.ndarray:
    """The effect [G, R], with coefficients for each phase, drawn to ``prior`` [G, K]."""
    effect = np.zeros(scaled.shape[:2])
    for phase in range(period):
        x, y = dx[:, phase::period], dy[:, phase::period]
        own = ridge(np.swapaxes(x, 1, 2) @ x, np.einsum("gtk,gt->gk", x, y), prior)
        effect[:, phase::period] = np.einsum("grk,gk->gr", scaled[:, phase::period], own)
    return effect


def many_values(panel: Panel, ends: np.ndarray) -> np.ndarray:
    """Which covariates have many values, bool [K]: in those an effect may bend."""
    assert panel.covariates is not None
    many = np.zeros(len(panel.covariates.names), dtype=bool)
    for batch in batches(panel, ends):
        past = np.sort(batch.x[:, : batch.y.shape[1]], axis=1)
        many |= ((np.diff(past, axis=1) > 0).sum(axis=1) >= FEW_VALUES).any(axis=0)
    return many


def with_bends(panel: Panel, ends: np.ndarray, straight: np.ndarray) -> Covariates:
    """The covariates, and what each exceeds the quantiles of its past by.

    So does their joint effect ``straight`` [rows], since prices, for example, follow the demand
    that wind and sun leave over.
    """
    covariates = panel.covariates
    assert covariates is not None
    bent = np.flatnonzero(many_values(panel, ends))
    joint = np.column_stack([covariates.values[:, bent], straight])
    size = joint.shape[1]
    bends = np.empty((len(joint), size * len(KNOTS)))
    for batch in batches(panel, ends):
        x = joint[batch.rows]
        knots = np.quantile(x[:, : max(1, batch.y.shape[1])], KNOTS, axis=1)
        for place, knot in enumerate(knots):
            columns = slice(place * size, (place + 1) * size)
            bends[batch.rows, columns] = np.maximum(0, x - knot[:, None])
    return replace(covariates, values=np.column_stack([covariates.values, bends]))


def mean_slopes(panel: Panel, effect: np.ndarray) -> dict[str, float]:
    """By how much the effect rises where a covariate is larger by 1, in the units of the values.

    It is the slope of the straight plane that is nearest to the effect, within each series.

    Args:
        effect: at each row of the covariates, [rows].
    """
    covariates = panel.covariates
    assert covariates is not None
    counts = np.diff(covariates.offsets)
    both = np.column_stack([covariates.values, effect])
    means = np.add.reduceat(both, covariates.offsets[:-1], axis=0) / counts[:, None]
    both = both - np.repeat(means, counts, axis=0)
    size = np.abs(both[:, :-1]).max(axis=0)
    size[size == 0] = 1
    slopes = np.linalg.lstsq(both[:, :-1] / size, both[:, -1], rcond=None)[0] / size
    return dict(zip(covariates.names, slopes.tolist(), strict=True))
