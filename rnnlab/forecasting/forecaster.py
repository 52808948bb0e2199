"""Trained networks as forecasters of many series at once."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rnnlab.core.progress import track_progress
from rnnlab.core.window_spec import Layout
from rnnlab.networks.cutting import cut, level_windows, past_positions
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.series.normalization import Normalization
from rnnlab.series.origins import Request
from rnnlab.series.windows import window_arrays
from rnnlab.training.loop import predict_in_batches

# inputs [N, T, F] to answers [N, H]
Answer = Callable[[Tensor], Tensor]
# windows forecast in one go: enough to keep a processor busy, few enough for its cache
MOST_WINDOWS = 8192


def mean_answer(networks: list[RecurrentNetwork]) -> Answer:
    """The mean answer of an ensemble."""

    def answer(inputs: Tensor) -> Tensor:
        device = next(networks[0].parameters()).device
        x = inputs.float().to(device)
        return (
            torch.stack([predict_in_batches(network, x) for network in networks]).mean(dim=0).cpu()
        )

    return answer


def no_answer(outputs: int) -> Answer:
    """The network's answer set to zero: what the normalization alone forecasts.

    Beside it one sees what the network has learned.
    """
    return lambda inputs: torch.zeros(len(inputs), outputs)


def forecaster(
    normalization: Normalization, card: dict, y: np.ndarray, offsets: np.ndarray
) -> Callable[[Answer, Request], np.ndarray]:
    """Normalize all series, once; a function that forecasts them from any answer.

    Args:
        card: of the windows that the network was trained on.
        y: all series end to end, [M], series s of which begins at ``offsets[s]``.

    Returns:
        What gives the forecasts that a request wants, in the units of the series: [N, H].
    """
    layout, horizon = Layout(**card["layout"]), card["outputs"]
    arrays = window_arrays(y, offsets, normalization)
    part = {key: torch.from_numpy(values) for key, values in arrays.items()}

    def forecast(answer: Answer, request: Request) -> np.ndarray:
        found = np.empty((len(request.origin), request.steps))
        with track_progress("the network", len(found), "windows") as work:
            for start in range(0, len(found), MOST_WINDOWS):
                rows = slice(start, start + MOST_WINDOWS)
                origin, series = request.origin[rows], request.series[rows]
                where = torch.from_numpy(origin), torch.from_numpy(series)
                if normalization.smoothing is None:
                    known = part["x"][past_positions(part, layout, *where)]
                    z = _on_and_on(known, answer, layout, horizon, request.steps)
                else:
                    z = _in_one_go(part, *where, answer, layout, request.steps)
                found[rows] = normalization.scaler.inverse(z.numpy(), y, origin, series)
                work.advance(len(origin))
        return found

    return forecast


def _in_one_go(
    part: dict[str, Tensor],
    origin: Tensor,
    series: Tensor,
    answer: Answer,
    layout: Layout,
    steps: int,
) -> Tensor:
    """Beyond the horizon the mean answer over the last period that it reaches goes on."""
    inputs, base, unit = cut(part, layout, origin, series, steps)
    added = answer(inputs)
    beyond = added[:, -layout.period :].mean(dim=1, keepdim=True)
    rest = beyond.expand(-1, max(0, steps - added.shape[1]))
    return base + unit * torch.cat([added, rest], dim=1)[:, :steps]


def _on_and_on(known: Tensor, answer: Answer, layout: Layout, horizon: int, steps: int) -> Tensor:
    """Beyond the horizon the network reads its own forecasts, as often as it takes."""
    while known.shape[1] < layout.look_back + steps:
        inputs, base, unit = level_windows(known[:, -layout.look_back :], layout, horizon)
        known = torch.cat([known, base + unit * answer(inputs)], dim=1)
    return known[:, layout.look_back : layout.look_back + steps]
