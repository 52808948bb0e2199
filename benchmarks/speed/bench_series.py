"""The airline series: seconds that methods take to fit all of it, and to forecast.

This project's ensemble is fitted as in ``rnnlab forecast``: normalization, training on the training
part, and a refit on everything. The others are fitted with the defaults of their libraries and the
period of the task. If neuralforecast is installed, its LSTM takes part, with the size of this
project's network and its own default number of steps.
"""

import importlib.util
import logging
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from rnnlab.forecasting.forecaster import mean_predictor, network_forecaster
from rnnlab.outlook.networks import train_ensemble, training_samples

from benchmarks.scratch import alternate
from rnnlab.core.params import Params, SeriesTask
from rnnlab.core.window_spec import series_card
from rnnlab.images.torchvision_data import import_datasets
from rnnlab.series.loading import read_panel
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel, cut_at
from rnnlab.training.members import Recipe
from rnnlab.training.precision import choose_precision

OPTIONAL_PACKAGE = "neuralforecast"


class Method(NamedTuple):
    """A method: ``forecast`` takes the result of ``fit``."""

    fit: Callable[[], Any]
    forecast: Callable[[Any], Any]


def seconds_of_series(params: Params, device: torch.device, rounds: int) -> list[dict[str, Any]]:
    """A row for each method: seconds to fit, and to forecast the task's horizon."""
    task = params.series("airline")
    panel = read_panel(task.data)
    works: dict[str, Callable[[], None]] = {}
    methods = {
        "this project's ensemble": ours(task, panel, params.seed, device),
        **statistical(task, panel.values),
        **neural(task, panel),
    }
    for name, method in methods.items():
        works |= _fit_and_forecast(name, method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = alternate(works, rounds)
    return [
        {"method": name, **{key: found[f"{name}: {key}"] for key in ("fit", "forecast")}}
        for name in methods
    ]


def _fit_and_forecast(name: str, method: Method) -> dict[str, Callable[[], None]]:
    fitted: list[Any] = []

    def fit() -> None:
        fitted[:] = [method.fit()]

    return {f"{name}: fit": fit, f"{name}: forecast": lambda: method.forecast(fitted[0])}


def ours(task: SeriesTask, panel: Panel, seed: int, device: torch.device) -> Method:
    recipe = Recipe(task.model, task.train, series_card(task), seed, device)
    recipe = choose_precision(recipe)
    cut = cut_at(panel.lengths, panel.lengths, task.data)
    y, offsets, period = panel.values, panel.offsets, task.data.period

    def fit() -> tuple:
        before, after = (
            fit_normalization(y, offsets, ends, task.normalize, period)
            for ends in (cut.train, cut.validation)
        )
        normalizations = before, after
        samples = training_samples(y, offsets, cut.train, normalizations, recipe)
        _, networks = train_ensemble(recipe, samples)
        return networks, normalizations[1]

    def forecast(fitted: tuple) -> np.ndarray:
        networks, normalization = fitted
        request = Request(offsets[1:], np.arange(1), task.windows.horizon)
        forecast_request = network_forecaster(normalization, recipe.card, y, offsets)
        return forecast_request(mean_predictor(networks), request)

    return Method(fit, forecast)


def statistical(task: SeriesTask, y: np.ndarray) -> dict[str, Method]:
    from statsforecast.models import AutoARIMA, AutoETS

    return {
        model.__name__: Method(
            partial(model(season_length=task.data.period).fit, y),
            lambda fitted: fitted.predict(h=task.windows.horizon),
        )
        for model in (AutoARIMA, AutoETS)
    }


def neural(task: SeriesTask, panel: Panel) -> dict[str, Method]:
    if importlib.util.find_spec(OPTIONAL_PACKAGE) is None:
        print(f"{OPTIONAL_PACKAGE} is not installed: skipping its LSTM", file=sys.stderr)
        return {}
    # a dependency of neuralforecast imports torchvision
    import_datasets()
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    table = pd.DataFrame({"unique_id": "airline", "ds": panel.ds, "y": panel.values})

    def fit() -> NeuralForecast:
        network = LSTM(
            h=task.windows.horizon,
            input_size=task.windows.look_back,
            encoder_hidden_size=task.model.hidden_size,
            encoder_n_layers=task.model.num_layers,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            logger=False,
        )
        forecasts = NeuralForecast(models=[network], freq="MS")
        forecasts.fit(table)
        return forecasts

    return {"neuralforecast's LSTM": Method(fit, lambda fitted: fitted.predict())}
