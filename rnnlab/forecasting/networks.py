"""The networks of a task as a method, and their control."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.params import SeriesNormalize
from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.forecasting.methods import MAX_WINDOWS, Method
from rnnlab.networks.cutting import cut, level_windows, past_positions
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.series.normalization import Normalization, fit_normalization, unusable_series
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.series.windows import window_arrays
from rnnlab.training.loop import predict_in_batches

# inputs [N, T, F] -> outputs [N, H]
Predictor = Callable[[Tensor], Tensor]


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


def network_method(
    predict: Predictor,
    card: dict,
    settings: SeriesNormalize,
    fitted_on: np.ndarray | None = None,
) -> Method:
    """The networks of a task as a method: NaN where a series is too short for their windows.

    Args:
        card: of the windows that the networks were trained on.
        settings: of the normalization, which is fitted on the first ``ends`` values of each series.
        fitted_on: [S], numbers of values in the place of ``ends``: of networks that know only the
            normalization of their training part.
    """

    def forecast(panel: Panel, ends: np.ndarray, requests: list[Request]) -> list[np.ndarray]:
        ends = ends if fitted_on is None else fitted_on
        unusable = unusable_series(panel, ends, settings.method)
        kept = np.array([n for n in range(len(panel.ids)) if n not in unusable], dtype=np.int64)
        results = [np.full((len(r.end), r.steps, 1), np.nan) for r in requests]
        if not len(kept):
            return results
        part = panel.subset(kept) if unusable else panel
        normalization = fit_normalization(
            part.filled, part.offsets, ends[kept], settings, part.period
        )
        first = normalization.first_origin(Layout(**card["layout"]).look_back)
        ask = network_forecaster(normalization, card, part.filled, part.offsets)
        for request, result in zip(requests, results, strict=True):
            rows = np.flatnonzero(np.isin(request.series, kept) & (request.end >= first))
            result[rows, :, 0] = ask(predict, request.select(rows).within(kept))
        return results

    return forecast


def network_forecaster(
    normalization: Normalization, card: dict, y: np.ndarray, offsets: np.ndarray
) -> Callable[[Predictor, Request], np.ndarray]:
    """Normalize all series once; return a function that forecasts them with any predictor.

    Args:
        card: of the windows that the network was trained on.
        y: all series end to end, without gaps, [M]; series s begins at ``offsets[s]``.

    Returns:
        A function of a predictor and a request that returns forecasts in the units of the series,
        [N, H].
    """
    layout, horizon = Layout(**card["layout"]), card["outputs"]
    arrays = window_arrays(y, offsets, normalization)
    part = {key: torch.from_numpy(values) for key, values in arrays.items()}

    def forecast(predict: Predictor, request: Request) -> np.ndarray:
        forecasts = np.empty((len(request.end), request.steps))
        positions = request.positions(offsets)
        with track_progress("the network", len(forecasts), "windows") as work:
            for start in range(0, len(forecasts), MAX_WINDOWS):
                rows = slice(start, start + MAX_WINDOWS)
                origin, series = positions[rows], request.series[rows]
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
