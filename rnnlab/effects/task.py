"""The effect of covariates in a task of the pipeline: fitted on its training part alone."""

from dataclasses import replace

import numpy as np

from rnnlab.core.params import SeriesTask
from rnnlab.effects.columns import with_covariates
from rnnlab.effects.regression import MIN_CYCLES, Form, fit_effect, mean_slopes
from rnnlab.series.normalization import short_series, unusable_series
from rnnlab.series.panel import Panel, training_ends


def rest_of(panel: Panel, task: SeriesTask) -> tuple[Panel, np.ndarray | None]:
    """What the effect of the task's covariates leaves over of each series, and the effect.

    Of each series the mean effect in its training part is 0, so that the rest stays at the level
    of the values. Later values change no effect.

    Args:
        panel: with the table that it was read from.

    Returns:
        The panel of the rest, with its covariates and without series that are too short; and the
        effect at each value, [M]. For a task without covariates the panel as it is, and None.

    Raises:
        InputError: see ``with_covariates``; or no series is usable.
    """
    if task.normalize.covariates == "none":
        return panel, None
    table = panel.table
    assert table is not None
    training = training_ends(panel.lengths, task.data)
    panel = panel.without(short_series(panel, training, task.normalize.method), task.data.csv)
    panel = with_covariates(panel, table, 0, task.data.holidays)
    effect = training_effect(panel, task)
    return replace(panel, y=panel.y - effect), effect


def usable_rest(panel: Panel, task: SeriesTask) -> tuple[Panel, np.ndarray | None]:
    """The same of those series that the task's normalization can be fitted on."""
    panel, effect = rest_of(panel, task)
    method, name = task.normalize.method, task.data.csv
    problems = unusable_series(panel, training_ends(panel.lengths, task.data), method)
    usable = panel.without(problems, name)
    if effect is not None:
        parts = panel.parts(effect)
        effect = np.concatenate([parts[n] for n in range(len(parts)) if n not in problems])
    return usable, effect


def training_effect(panel: Panel, task: SeriesTask) -> np.ndarray:
    """The effect at each value, [M], of the form that ``normalize.covariates`` names."""
    ends, kind = training_ends(panel.lengths, task.data), task.normalize.covariates
    season = panel.period if np.median(ends) >= MIN_CYCLES * panel.period else 1
    crossed = kind.endswith("by_phase") and season == panel.period
    effect = fit_effect(panel, ends, Form(season, kind.startswith("curved"), crossed))
    means = [part.mean() for part in panel.parts(effect, ends)]
    return effect - np.repeat(means, panel.lengths)


def describe_effect(panel: Panel, effect: np.ndarray) -> dict[str, dict[str, float]]:
    """For each covariate the slope of the effect, and by how much the covariate usually changes.

    Args:
        panel: with covariates at the values alone.
        effect: at each value, [M].

    Returns:
        By name: slope, in units of the values for +1; and change, the mean size of the changes
        from one step to the next, where there is one.
    """
    covariates = panel.covariates
    assert covariates is not None
    within = np.ones(len(effect) - 1, dtype=bool)
    within[covariates.offsets[1:-1] - 1] = False
    sizes = np.abs(np.diff(covariates.values, axis=0))[within]
    counts = np.maximum((sizes > 0).sum(axis=0), 1)
    changes = dict(zip(covariates.names, (sizes.sum(axis=0) / counts).tolist(), strict=True))
    return {
        name: {"slope": slope, "change": changes[name]}
        for name, slope in mean_slopes(panel, effect).items()
    }
