"""Trained networks: those of the pipeline as methods, and one that learns from the series."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from rnnlab.core.errors import InputError
from rnnlab.core.params import SeriesNormalize
from rnnlab.effects.clocks import clocks_of
from rnnlab.forecasting.methods import Method, forecast_in_batches, median, zero_shot_method
from rnnlab.forecasting.networks import mean_predictor, network_method
from rnnlab.forecasting.selection import (
    chance_gain,
    mean_errors,
    relative_errors,
    seasonal_naive_forecasts,
    validation_request,
)
from rnnlab.networks.storage import read_models
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import longer_season
from rnnlab.zero_shot.finetuning import RECIPE, Errors, FineTuned, SeriesBatches, fine_tune
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.readings import readings_of, weights_of
from rnnlab.zero_shot.training import Recipe

# forecasts on which fine-tuning chooses its best step
MOST_LOOKED_AT = 500
# that the stretch of a typical series must hold
HORIZONS = 2

# of the numbers of values before validation, [S]: the networks to compare, and those to forecast
TrainedMethods = Callable[[np.ndarray], tuple[Method, Method]]


def read_trained(name: str, panel: Panel, device: torch.device) -> TrainedMethods:
    """The networks of task ``name``: those that validation did not train, and the final ones.

    Raises:
        InputError: they are missing, or were trained for another period.
    """
    networks, card = read_models(Path("data/models") / name, name, device)
    windows = card["windows"]
    period = windows["layout"]["period"]
    if panel.period != period:
        raise InputError(
            f"--trained: these networks were trained for period {period}, not {panel.period}; "
            "leave --trained out"
        )
    settings = SeriesNormalize(**windows["normalized"]["normalize"])
    # without a refit the year's networks saw validation as little as the chosen ones do
    chosen, final = networks.get("year_chosen", networks["year"]), networks["year"]
    refit = card["train"]["refit"]

    def methods(ends: np.ndarray) -> tuple[Method, Method]:
        # without a refit the networks know the normalization of the training part alone
        return (
            network_method(mean_predictor(chosen), windows, settings),
            network_method(mean_predictor(final), windows, settings, None if refit else ends),
        )

    return methods


def fine_tuned(
    panel: Panel,
    network: ZeroShotNetwork,
    horizon: int,
    recipe: Recipe = RECIPE,
    say: Callable[[str], None] = lambda line: None,
    spans: np.ndarray | None = None,
) -> FineTuned:
    """Fine-tune the network on what comes before the stretch on which methods are compared.

    That stretch chooses the step, and nothing is learned from it.

    The network must be better in the first and in the second half of the stretch: series of one
    time share its shocks, and a single horizon cannot tell these from what was learned. So where
    the stretch of most series is shorter than two horizons, the network stays as it is.

    Args:
        horizon: the steps ahead that it learns, 1 or more.
        say: takes a line of how long it will take, or of why nothing is learned.
        spans: [S], the length of the stretch, the last values of each series; None for a fifth.

    Raises:
        InputError: what comes before the stretch is shorter than the horizon in all series.
    """
    clocks = clocks_of(panel, 0)
    panel = panel if clocks is None else clocks.as_shown(panel)
    request, ends = validation_request(panel, horizon, spans)
    validated = np.unique(request.series)
    stretch = (panel.lengths - ends)[validated]
    if not len(validated) or np.median(stretch) < HORIZONS * horizon:
        what = "the last fifth" if spans is None else "the validation part"
        say(
            f"fine-tuning: {what} of most series is shorter than {HORIZONS} horizons of {horizon} "
            "steps, too few to tell learning from chance; the network stays as it is"
        )
        return FineTuned(network, 0, {})
    kept = np.linspace(0, len(request.end) - 1, min(MOST_LOOKED_AT, len(request.end)))
    request = request.select(kept.astype(np.int64))
    past = panel.parts(panel.y, ends)
    readings = readings_of(panel.period, panel.longer or longer_season(panel.period))
    # weights of the network of before, so that a look takes no longer than its forecasts
    weights = np.zeros((len(ends), len(readings)))
    looked_at = np.unique(request.series)
    shown = [past[number] for number in looked_at]
    weights[looked_at] = weights_of(network, shown, readings, horizon)
    truth = request.truth(panel.y, panel.offsets, ends)
    errors_of = _errors_on(panel, request, truth, ends)

    def score(candidate: ZeroShotNetwork) -> Errors:
        answers = forecast_in_batches(candidate, panel, request, readings, weights, rounded=False)
        return errors_of(median(answers))

    shares = weights[looked_at].mean(axis=0)
    filled = panel.parts(panel.filled, ends)
    batches = SeriesBatches(past, filled, readings, shares, horizon, recipe)
    return fine_tune(network, batches, score, chance_gain(request, truth), recipe, say)


def fine_tuned_method(
    network: ZeroShotNetwork, horizon: int, best_steps: list[int], recipe: Recipe = RECIPE
) -> Method:
    """The pretrained network, fine-tuned once in each call on what comes before ``ends``.

    Args:
        horizon: the steps ahead that it learns.
        best_steps: of each fine-tuning the best step is added; 0 where the network stays as it is.
    """

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        tuned = fine_tuned(panel.until(ends), network, horizon, recipe)
        best_steps.append(tuned.step)
        return zero_shot_method(tuned.network)(panel, ends, requests)

    return forecast


def _errors_on(
    panel: Panel, request: Request, truth: np.ndarray, ends: np.ndarray
) -> Callable[[np.ndarray], Errors]:
    """The errors of forecasts [N, H] of the stretch after the first ``ends`` [S] values."""
    into = request.end - ends[request.series]
    late = 2 * into + request.steps > (panel.lengths - ends)[request.series]
    scale = seasonal_naive_errors(panel.parts(panel.y, ends), panel.period)
    naive = seasonal_naive_forecasts(panel, request)
    halves = [
        relative_errors(np.where(used[:, None], truth, np.nan), naive, request.series, scale)
        for used in (~late, late)
    ]

    def errors(forecasts: np.ndarray) -> Errors:
        by_series = mean_errors(truth, forecasts, request.series, scale) / scale
        return Errors(np.array([error(forecasts) for error in halves]), by_series)

    return errors
