"""A trained network as a forecaster: from the history of a series to its next values."""

import numpy as np
import torch

from stages.common.baselines import Forecaster
from stages.common.network import RecurrentNetwork
from stages.common.scalers import Scaler
from stages.common.windowing import center_of


def network_forecaster(
    networks: list[RecurrentNetwork], windows: dict, scaler: Scaler
) -> Forecaster:
    """The mean forecast of ``networks``, in the units of the series.

    Args:
        networks: the ensemble's members, in evaluation mode.
        windows: the windows' card: ``steps`` (look_back), ``outputs`` (horizon), ``center``.
        scaler: the series' own normalization.

    Returns:
        A function of history [n] and steps. Beyond the horizon the network reads its own
        forecasts, as often as it takes.
    """

    def forecast(history: np.ndarray, steps: int) -> np.ndarray:
        z = scaler.transform(history)
        known = len(z)
        while len(z) < known + steps:
            past = z[None, -windows["steps"] :]
            level = center_of(past, windows["center"])
            z = np.concatenate([z, (_mean_answer(networks, past - level) + level)[0]])
        return scaler.inverse(z[known : known + steps], history)

    return forecast


@torch.inference_mode()
def _mean_answer(networks: list[RecurrentNetwork], past: np.ndarray) -> np.ndarray:
    """Answers to windows [N, look_back]: [N, horizon]."""
    device = next(networks[0].parameters()).device
    x = torch.from_numpy(past[:, :, None].astype(np.float32)).to(device)
    answers = torch.stack([network(x) for network in networks])
    return answers.mean(dim=0).double().cpu().numpy()
