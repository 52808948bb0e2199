"""Networks as forecasters of many series at once: those of a task, and the pretrained one."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting.baselines import seasonal_naive
from rnnlab.networks.cutting import cut, level_windows, past_positions
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.series.normalization import Normalization
from rnnlab.series.origins import Request
from rnnlab.series.windows import window_arrays
from rnnlab.training.loop import predict_in_batches
from rnnlab.zero_shot.forecaster import MEDIAN, forecast_quantiles
from rnnlab.zero_shot.network import ZeroShotNetwork

# inputs [N, T, F] -> outputs [N, H]
Predictor = Callable[[Tensor], Tensor]
# windows in one batch: enough to keep a processor busy, few enough for its cache
MAX_WINDOWS = 8192
# the pretrained network knows no longer season
MAX_PERIOD = 366


def mean_predictor(networks: list[RecurrentNetwork]) -> Predictor:
    """The mean output of an ensemble."""

    def predict(inputs: Tensor) -> Tensor:
        device = next(networks[0].parameters()).device
        x = inputs.float().to(device)
        return (
            torch.stack([predict_in_batches(network, x) for network in networks]).mean(dim=0).cpu()
        )

    return predict


def zero_predictor(outputs: int) -> Predictor:
    """The control: network outputs of zero, so that the normalization alone forecasts.

    The difference between the model and its control is what the network has learned.
    """
    return lambda inputs: torch.zeros(len(inputs), outputs)


def network_forecaster(
    normalization: Normalization, card: dict, y: np.ndarray, offsets: np.ndarray
) -> Callable[[Predictor, Request], np.ndarray]:
    """Normalize all series once; return a function that forecasts them with any predictor.

    Args:
        card: of the windows that the network was trained on.
        y: all series end to end, [M]; series s begins at ``offsets[s]``.

    Returns:
        A function of a predictor and a request that returns forecasts in the units of the series,
        [N, H].
    """
    layout, horizon = Layout(**card["layout"]), card["outputs"]
    arrays = window_arrays(y, offsets, normalization)
    part = {key: torch.from_numpy(values) for key, values in arrays.items()}

    def forecast(predict: Predictor, request: Request) -> np.ndarray:
        forecasts = np.empty((len(request.origin), request.steps))
        with track_progress("the network", len(forecasts), "windows") as work:
            for start in range(0, len(forecasts), MAX_WINDOWS):
                rows = slice(start, start + MAX_WINDOWS)
                origin, series = request.origin[rows], request.series[rows]
                where = torch.from_numpy(origin), torch.from_numpy(series)
                if normalization.smoothing is None:
                    past = part["x"][past_positions(part, layout, *where)]
                    z = _recursive(past, predict, layout, horizon, request.steps)
                else:
                    z = _direct(part, *where, predict, layout, request.steps)
                forecasts[rows] = normalization.scaler.inverse(z.numpy(), y, origin, series)
                work.advance(len(origin))
        return forecasts

    return forecast


def _direct(
    part: dict[str, Tensor],
    origin: Tensor,
    series: Tensor,
    predict: Predictor,
    layout: Layout,
    steps: int,
) -> Tensor:
    """Forecast in one call; steps beyond the horizon repeat the mean output of the last period."""
    inputs, base, unit = cut(part, layout, origin, series, steps)
    outputs = predict(inputs)
    last_mean = outputs[:, -layout.period :].mean(dim=1, keepdim=True)
    rest = last_mean.expand(-1, max(0, steps - outputs.shape[1]))
    return base + unit * torch.cat([outputs, rest], dim=1)[:, :steps]


def _recursive(
    past: Tensor, predict: Predictor, layout: Layout, horizon: int, steps: int
) -> Tensor:
    """Forecast a horizon at a time; beyond the first, the network reads its own forecasts."""
    while past.shape[1] < layout.look_back + steps:
        inputs, base, unit = level_windows(past[:, -layout.look_back :], layout, horizon)
        past = torch.cat([past, base + unit * predict(inputs)], dim=1)
    return past[:, layout.look_back : layout.look_back + steps]


def forecast_zero_shot(
    network: ZeroShotNetwork,
    y: np.ndarray,
    truth: np.ndarray,
    offsets: np.ndarray,
    period: int,
    requests: list[Request],
) -> tuple[list[np.ndarray], int]:
    """Medians of the pretrained network, which needs no fit, for all origins of a request at once.

    For a period above ``MAX_PERIOD`` and where a forecast is not finite, the seasonal naive
    forecast is used.

    Args:
        y: all series end to end, [M]; series s begins at ``offsets[s]``.
        truth: y with NaN where a gap was filled; the network reads values before an origin only.

    Returns:
        Forecasts in the units of the series, [N, H] for each request.
        The number of series with a seasonal naive forecast.
    """
    forecasts, failed = [], np.zeros(len(offsets) - 1, dtype=bool)
    for request in requests:
        values = np.full((len(request.origin), request.steps), np.nan)
        spans = list(zip(offsets[request.series], request.origin, strict=True))
        with track_progress("zero_shot", len(spans), "forecasts") as work:
            for start in range(0, len(spans) if period <= MAX_PERIOD else 0, MAX_WINDOWS):
                rows = slice(start, start + MAX_WINDOWS)
                histories = [truth[first:origin] for first, origin in spans[rows]]
                found = forecast_quantiles(network, histories, period, request.steps)
                values[rows] = found[:, :, MEDIAN]
                work.advance(len(histories))
        for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
            first, origin = spans[row]
            history = y[first:origin]
            values[row] = seasonal_naive(history, period)(history, request.steps)
            failed[request.series[row]] = True
        forecasts.append(values)
    return forecasts, int(failed.sum())
