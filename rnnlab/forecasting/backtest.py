"""The backtest: validate all methods, then forecast the test part by each protocol."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from rnnlab.core.params import Model, SeriesEvaluate, SeriesNormalize, Train
from rnnlab.core.progress import track_progress
from rnnlab.forecasting.combination import combine
from rnnlab.forecasting.selection import (
    FittedNetworks,
    History,
    ValidationResult,
    forecast_all,
    forecast_with_refits,
    mase_scales,
    refit_networks,
    validate,
)
from rnnlab.networks.storage import Networks
from rnnlab.series.normalization import stored_normalization
from rnnlab.series.origins import FIT_OF, Request, test_requests
from rnnlab.training.members import Recipe
from rnnlab.training.precision import choose_precision
from rnnlab.zero_shot.network import ZeroShotNetwork


@dataclass(frozen=True)
class TrainedTask:
    """A series task after training.

    Attributes:
        history: all series.
        tensors: the output of normalize: where the parts end, and the fitted normalizations.
        networks, card: the output of train.
        settings: block ``evaluate`` of params.yaml.
        processes: number of processes that fit baselines in parallel, at most.
        pretrained: the network of baseline zero_shot; None if that is not one of them.
        fallbacks: by baseline, the largest number of series for which it failed in one call and
            the seasonal naive forecast was used.
    """

    history: History
    tensors: dict[str, np.ndarray]
    networks: Networks
    card: dict
    settings: SeriesEvaluate
    processes: int
    device: torch.device
    pretrained: ZeroShotNetwork | None = None
    fallbacks: Counter[str] = field(default_factory=Counter)

    @property
    def normalize(self) -> SeriesNormalize:
        return SeriesNormalize(**self.card["windows"]["normalized"]["normalize"])

    def fitted_networks(self, fit: str, refit: bool) -> FittedNetworks:
        """The networks of ``fit`` and their normalization.

        Args:
            refit: True for the networks that forecast the test part, which were refitted on the
                validation part too if train.refit is set; False for those fitted on the training
                part alone.
        """
        has_refit = self.card["train"]["refit"]
        fitted = f"{fit}.{'refit' if has_refit and refit else 'normalization'}"
        settings, period = self.normalize.model_dump(), self.history.period
        normalization = stored_normalization(self.tensors, fitted, settings, period)
        networks = self.networks[f"{fit}_chosen" if has_refit and not refit else fit]
        return FittedNetworks(networks, normalization)

    def forecast(
        self, fitted: FittedNetworks, ends: np.ndarray, requests: list[Request]
    ) -> dict[str, list[np.ndarray]]:
        """Forecasts of all methods, fitted on the first ``ends`` [S] values of each series."""
        return forecast_all(
            self.history,
            fitted,
            self.card["windows"],
            self.settings.baselines,
            self.processes,
            ends,
            requests,
            self.fallbacks,
            self.pretrained,
        )


@dataclass(frozen=True)
class ProtocolForecasts:
    """All forecasts by one protocol.

    Attributes:
        request: the origins and the number of steps.
        truth: the values that followed, [N, H]; NaN beyond the end of a series.
        by_method: forecasts, [N, H] each.
        validation: of the protocol's fit; it holds the widths of the intervals.
        scale: the scale of MASE, [S].
    """

    request: Request
    truth: np.ndarray
    by_method: dict[str, np.ndarray]
    validation: ValidationResult
    scale: np.ndarray

    def bounds(self, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the interval, [N, H] each."""
        widths = self.validation.widths[method]
        return widths.bounds(self.by_method[method], self.request.series, level)


def backtest(trained: TrainedTask) -> dict[str, ProtocolForecasts]:
    """Validate all methods, then forecast the test part; a result for each protocol."""
    history, tensors = trained.history, trained.tensors
    cuts = {fit: tensors[f"{fit}.validation"] for fit in trained.card["windows"]["fits"]}
    requests = test_requests(history.offsets, cuts, history.period)
    results = {}
    for fit, cut in cuts.items():
        validation, scale = validate_fit(trained, fit), mase_scales(history, cut)
        protocols = [protocol for protocol in FIT_OF if FIT_OF[protocol] == fit]
        forecasts = forecast_test_part(trained, fit, cut, {p: requests[p] for p in protocols})
        for protocol, by_method in forecasts.items():
            truth = requests[protocol].truth(
                history.truth, history.offsets[:-1], history.offsets[1:]
            )
            by_method = {
                "model": by_method["model"],
                "combination": combine(by_method, validation.weights),
                **by_method,
            }
            results[protocol] = ProtocolForecasts(
                requests[protocol], truth, by_method, validation, scale
            )
    return {protocol: results[protocol] for protocol in FIT_OF}


def validate_fit(trained: TrainedTask, fit: str) -> ValidationResult:
    """Validate the methods, fitted on the training part of ``fit``, on its validation part."""
    train, validation = (trained.tensors[f"{fit}.{part}"] for part in ("train", "validation"))
    fitted, layout = trained.fitted_networks(fit, refit=False), trained.card["windows"]["layout"]
    return validate(
        trained.history,
        partial(trained.forecast, fitted, train),
        train,
        validation,
        fitted.normalization.first_origin(layout["look_back"]),
        layout["horizon"],
        trained.normalize.method.startswith("log"),
    )


def forecast_test_part(
    trained: TrainedTask, fit: str, cut: np.ndarray, requests: dict[str, Request]
) -> dict[str, dict[str, np.ndarray]]:
    """Forecasts of all methods for each protocol of ``fit``, whose test parts begin at ``cut``."""
    single_fit, refitted = dict(requests), {}
    # a test part shorter than a period has no rolling origins, so there is nothing to refit
    rolling = single_fit.get("rolling")
    if trained.settings.refit_every and rolling is not None and len(rolling.origin):
        del single_fit["rolling"]
        refitted["rolling"] = rolling_forecasts(trained, rolling, cut)
    with track_progress(f"test part of {fit}"):
        fitted = trained.fitted_networks(fit, refit=True)
        forecasts = trained.forecast(fitted, cut, list(single_fit.values()))
    not_refitted = {
        protocol: {method: of_requests[number] for method, of_requests in forecasts.items()}
        for number, protocol in enumerate(single_fit)
    }
    return not_refitted | refitted


def rolling_forecasts(
    trained: TrainedTask, request: Request, cut: np.ndarray
) -> dict[str, np.ndarray]:
    """Rolling forecasts; all methods are refitted every ``evaluate.refit_every`` origins."""
    card = trained.card
    model, train = Model(**card["model"]), Train(**card["train"])
    recipe = Recipe(model, train, card["windows"], card["seed"], trained.device)
    recipe = choose_precision(recipe)
    epochs = [member["epoch"] for member in card["fits"]["main"]]

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        fitted = refit_networks(trained.history, ends, recipe, trained.normalize, epochs)
        return trained.forecast(fitted, ends, requests)

    every = trained.settings.refit_every
    return forecast_with_refits(trained.history, request, cut, every, fit_and_forecast)
