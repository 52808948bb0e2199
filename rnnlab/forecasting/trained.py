"""The networks that the pipeline trained, beside the methods of a forecast."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from rnnlab.core.errors import InputError
from rnnlab.core.params import SeriesNormalize
from rnnlab.forecasting.methods import Method
from rnnlab.forecasting.networks import mean_predictor, network_method
from rnnlab.networks.storage import read_models
from rnnlab.series.panel import Panel

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
