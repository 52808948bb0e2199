"""A trained network as a forecaster: from the history of a series to its next values."""

import numpy as np
import torch

from stages.common.baselines import Forecaster
from stages.common.network import RecurrentNetwork
from stages.common.normalization import Normalization
from stages.common.scalers import Scaler
from stages.common.smoothing import Answer, Smoother
from stages.common.windowing import center_of


def network_forecaster(
    networks: list[RecurrentNetwork], windows: dict, normalization: Normalization
) -> Forecaster:
    """The mean forecast of ``networks``, in the units of the series.

    Args:
        networks: the ensemble's members, in evaluation mode.
        windows: the windows' card: ``steps`` (look_back), ``outputs`` (horizon), ``center``.
        normalization: the series' own.

    Returns:
        A function of history [n] and steps, which may be any number.
    """
    return _forecaster(_mean_answer(networks), windows, normalization)


def control_forecaster(windows: dict, normalization: Normalization) -> Forecaster:
    """The same forecast with the network's answer set to zero: what the normalization alone does.

    Beside it one sees what the network has learned.
    """

    def answer(past: np.ndarray) -> np.ndarray:
        return np.zeros((len(past), windows["outputs"]))

    return _forecaster(answer, windows, normalization)


def _forecaster(answer: Answer, windows: dict, normalization: Normalization) -> Forecaster:
    if isinstance(normalization, Smoother):
        look_back = windows["steps"]
        return lambda history, steps: normalization.forecast(answer, history, look_back, steps)
    return lambda history, steps: _recursive(answer, windows, normalization, history, steps)


def _recursive(
    answer: Answer, windows: dict, scaler: Scaler, history: np.ndarray, steps: int
) -> np.ndarray:
    """Beyond the horizon the network reads its own forecasts, as often as it takes."""
    z = scaler.transform(history)
    known = len(z)
    while len(z) < known + steps:
        past = z[None, -windows["steps"] :]
        level = center_of(past, windows["center"])
        z = np.concatenate([z, (answer(past - level) + level)[0]])
    return scaler.inverse(z[known : known + steps], history)


def _mean_answer(networks: list[RecurrentNetwork]) -> Answer:
    """A function of windows [N, look_back] that gives the members' mean answer, [N, horizon]."""
    device = next(networks[0].parameters()).device

    @torch.inference_mode()
    def answer(past: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(past[:, :, None].astype(np.float32)).to(device)
        answers = torch.stack([network(x) for network in networks])
        return answers.mean(dim=0).double().cpu().numpy()

    return answer
