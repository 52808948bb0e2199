"""The pipeline's backtest: validate all methods, then forecast the test part by each protocol."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from rnnlab.backtesting.forecasts import ProtocolForecasts
from rnnlab.core.param_types import FINE_TUNED
from rnnlab.core.params import Model, SeriesEvaluate, SeriesNormalize, Train
from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting.intervals import IntervalWidths, calibrate, series_scales
from rnnlab.forecasting.methods import Method, added, forecast_all, make_methods, median
from rnnlab.forecasting.networks import mean_predictor, network_method, zero_predictor
from rnnlab.forecasting.selection import COMBINATION, Selection, combine, select_methods
from rnnlab.forecasting.trained import fine_tuned_method
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import make_samples
from rnnlab.networks.storage import Networks, load_network
from rnnlab.series.measures import seasonal_naive_errors
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.origins import FIT_OF, Request, fitted_requests, test_requests
from rnnlab.series.panel import Panel
from rnnlab.series.windows import windows_in_part
from rnnlab.training.members import Recipe, retrain
from rnnlab.training.precision import choose_precision
from rnnlab.zero_shot.network import ZeroShotNetwork

# by request, then by method: the quantiles [N, H, Q]
Asked = dict[str, list[np.ndarray]]


@dataclass(frozen=True)
class TrainedTask:
    """A series task after training.

    Attributes:
        panel: all series, without the effect of their covariates: what all methods forecast.
        cuts: by fit, where the parts train and validation end in each series, [S] each.
        networks, card: the output of train.
        settings: block ``evaluate`` of params.yaml.
        processes: number of processes that fit baselines in parallel, at most.
        pretrained: the network of methods zero_shot and fine_tuned; None without these.
        fallbacks: by method, the largest number of series for which it failed in one call and
            the seasonal naive forecast was used.
        best_steps: see ``fine_tuned_method``.
        effect: of the covariates at each value, [M]; None without them.
    """

    panel: Panel
    cuts: dict[str, dict[str, np.ndarray]]
    networks: Networks
    card: dict
    settings: SeriesEvaluate
    processes: int
    device: torch.device
    pretrained: ZeroShotNetwork | None = None
    fallbacks: Counter[str] = field(default_factory=Counter)
    best_steps: list[int] = field(default_factory=list)
    effect: np.ndarray | None = None

    @property
    def observed(self) -> Panel:
        """All series, in their units."""
        if self.effect is None:
            return self.panel
        return replace(self.panel, y=self.panel.y + self.effect)

    def effect_ahead(self, request: Request) -> np.ndarray | None:
        """The effect at the steps of a request, [N, H]; None without covariates."""
        if self.effect is None:
            return None
        return request.known_ahead(self.effect, self.panel.offsets)

    @property
    def normalize(self) -> SeriesNormalize:
        return SeriesNormalize(**self.card["windows"]["normalized"]["normalize"])

    def methods(
        self, networks: list[RecurrentNetwork], fitted_on: np.ndarray | None = None
    ) -> dict[str, Method]:
        """The networks, their control and the methods of ``evaluate.baselines``.

        Args:
            fitted_on: see ``network_method``.
        """
        windows = self.card["windows"]
        predictors = {
            "model": mean_predictor(networks),
            "control": zero_predictor(windows["outputs"]),
        }
        own = {
            name: network_method(predict, windows, self.normalize, fitted_on)
            for name, predict in predictors.items()
        }
        names = [name for name in self.settings.baselines if name != FINE_TUNED]
        others = make_methods(names, self.pretrained, self.processes, self.fallbacks)
        if FINE_TUNED in self.settings.baselines:
            assert self.pretrained is not None
            horizon = Layout(**windows["layout"]).horizon
            others[FINE_TUNED] = fine_tuned_method(self.pretrained, horizon, self.best_steps)
        return own | {name: others[name] for name in self.settings.baselines}

    def methods_of(self, fit: str, refit: bool) -> dict[str, Method]:
        """The methods with the networks of ``fit``.

        Args:
            refit: True for the networks that forecast the test part, which were refitted on the
                validation part too if train.refit is set; False for those fitted on the training
                part alone.
        """
        has_refit = self.card["train"]["refit"]
        networks = self.networks[f"{fit}_chosen" if has_refit and not refit else fit]
        # without a refit the networks know the normalization of the training part alone
        return self.methods(networks, None if has_refit else self.cuts[fit]["train"])


def run_protocols(trained: TrainedTask) -> dict[str, ProtocolForecasts]:
    """Validate all methods, then forecast the test part; a result for each protocol."""
    panel = trained.observed
    ends = {fit: parts["validation"] for fit, parts in trained.cuts.items()}
    requests = test_requests(panel.lengths, ends, panel.period)
    results = {}
    for fit, cut in ends.items():
        selection, widths = validate_fit(trained, fit)
        scale = seasonal_naive_errors(panel.parts(panel.y, cut), panel.period)
        protocols = [protocol for protocol in FIT_OF if FIT_OF[protocol] == fit]
        forecasts = forecast_test_part(trained, fit, cut, {p: requests[p] for p in protocols})
        for protocol, by_method in forecasts.items():
            truth = requests[protocol].truth(panel.y, panel.offsets)
            effect = trained.effect_ahead(requests[protocol])
            by_method = {method: added(values, effect) for method, values in by_method.items()}
            by_method = {
                "model": by_method["model"],
                COMBINATION: combine(by_method, selection.weights),
                **by_method,
            }
            results[protocol] = ProtocolForecasts(
                requests[protocol], truth, by_method, selection, widths, scale, effect
            )
    return {protocol: results[protocol] for protocol in FIT_OF}


def validate_fit(trained: TrainedTask, fit: str) -> tuple[Selection, dict[str, IntervalWidths]]:
    """Compare the methods, fitted on the training part of ``fit``, on its validation part.

    The validation part of a single short series may be easier than average by chance. Intervals are
    therefore at least as wide as those computed in the same way from the training part. This also
    compensates for choosing the networks' epoch on the validation part.

    Returns:
        The selection, over a period ahead, and the widths of all methods' intervals.
    """
    panel, period = trained.panel, trained.panel.period
    train, validation = (trained.cuts[fit][part] for part in ("train", "validation"))
    layout = Layout(**trained.card["windows"]["layout"])
    normalization = fit_normalization(panel.filled, panel.offsets, train, trained.normalize, period)
    # growth over a period needs one value more than a period
    earliest = max(normalization.first_origin(layout.look_back), period + 1)
    steps = max(layout.horizon, period)
    requests = fitted_requests(panel.lengths, train, validation, earliest, steps)
    truths = [
        requests[0].truth(panel.y, panel.offsets, train, validation),
        requests[1].truth(panel.y, panel.offsets, None, train),
    ]
    with track_progress("validation"):
        found = forecast_all(trained.methods_of(fit, refit=False), panel, train, [*requests])
    effect = trained.effect_ahead(requests[0])
    candidates = {
        m: added(of_parts[0], effect)[:, :period] for m, of_parts in found.items() if m != "control"
    }
    within_period = replace(requests[0], steps=period)
    truth = added(truths[0], effect)[:, :period]
    selection = select_methods(trained.observed, train, within_period, truth, candidates)
    forecasts = {m: [median(values) for values in of_parts] for m, of_parts in found.items()}
    forecasts[COMBINATION] = [
        combine({method: of_parts[k] for method, of_parts in forecasts.items()}, selection.weights)
        for k in (0, 1)
    ]
    log = trained.normalize.method.startswith("log")
    scales = series_scales(panel, train, log)
    # the validation part counts too, since the forecasts come after it
    lowest = np.array([y.min() for y in panel.parts(trained.observed.filled, validation)])
    lower_limit = np.where(lowest >= 0, 0.0, -np.inf)
    widths = {}
    for method, of_parts in forecasts.items():
        on_validation, on_training = (
            calibrate(truth, values, request.series, scales, log)
            for truth, values, request in zip(truths, of_parts, requests, strict=True)
        )
        widths[method] = replace(on_validation.widened_to(on_training), lower_limit=lower_limit)
    return selection, widths


def forecast_test_part(
    trained: TrainedTask, fit: str, cut: np.ndarray, requests: dict[str, Request]
) -> dict[str, dict[str, np.ndarray]]:
    """Forecasts of all methods for each protocol of ``fit``, whose test parts begin at ``cut``."""
    single_fit, refitted = dict(requests), {}
    # a test part shorter than a period has no rolling origins, so there is nothing to refit
    rolling = single_fit.get("rolling")
    if trained.settings.refit_every and rolling is not None and len(rolling.end):
        del single_fit["rolling"]
        refitted["rolling"] = rolling_forecasts(trained, rolling, cut)
    with track_progress(f"test part of {fit}"):
        methods = trained.methods_of(fit, refit=True)
        forecasts = forecast_all(methods, trained.panel, cut, list(single_fit.values()))
    not_refitted = {
        protocol: {method: median(of_requests[k]) for method, of_requests in forecasts.items()}
        for k, protocol in enumerate(single_fit)
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

    def fit_and_forecast(ends: np.ndarray, requests: list[Request]) -> Asked:
        networks = refit_networks(trained.panel, ends, recipe, trained.normalize, epochs)
        return forecast_all(trained.methods(networks), trained.panel, ends, requests)

    every = trained.settings.refit_every
    return forecast_with_refits(trained.panel.lengths, request, cut, every, fit_and_forecast)


def refit_networks(
    panel: Panel, ends: np.ndarray, recipe: Recipe, settings: SeriesNormalize, epochs: list[int]
) -> list[RecurrentNetwork]:
    """Fit the normalization and train each member on the first ``ends`` [S] values.

    Args:
        epochs: the best epoch of each member on validation.
    """
    y, offsets, layout = panel.filled, panel.offsets, Layout(**recipe.card["layout"])
    normalization = fit_normalization(y, offsets, ends, settings, panel.period)
    part = windows_in_part(y, offsets, normalization, np.zeros_like(ends), ends, layout, whole=True)
    samples = make_samples(part, recipe.card, recipe.device)
    networks = []
    for member, count in enumerate(epochs):
        weights = retrain(recipe, samples, count, "main", member)
        networks.append(load_network(recipe.card, recipe.model, weights, recipe.device))
    return networks


def forecast_with_refits(
    lengths: np.ndarray,
    request: Request,
    cut: np.ndarray,
    every: int,
    fit_and_forecast: Callable[[np.ndarray, list[Request]], Asked],
) -> dict[str, np.ndarray]:
    """Forecasts for ``request``; all methods are refitted after every ``every`` origins.

    Args:
        lengths: of the series, [S].
        cut: where the test part of each series begins, [S].
        fit_and_forecast: fits all methods on the first ``ends`` [S] values of each series, and
            returns their forecasts for a list of requests.
    """
    block = (request.end - cut[request.series]) // every
    by_method: dict[str, np.ndarray] = {}
    numbers = np.unique(block)
    with track_progress("rolling origins", len(numbers), "refits") as work:
        for number in numbers:
            rows = np.flatnonzero(block == number)
            ends = np.minimum(cut + number * every, lengths)
            for method, forecasts in fit_and_forecast(ends, [request.select(rows)]).items():
                shape = (len(request.end), request.steps)
                by_method.setdefault(method, np.empty(shape))[rows] = median(forecasts[0])
            work.advance()
    return by_method
