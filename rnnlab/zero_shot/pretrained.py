"""The pretrained network as a person uses it: histories in, quantiles out."""

import os
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Self

import numpy as np
import torch

from rnnlab.core.errors import InputError
from rnnlab.core.files import output_files
from rnnlab.zero_shot.forecaster import at_levels
from rnnlab.zero_shot.network import QUANTILES, ZeroShotNetwork
from rnnlab.zero_shot.readings import forecast_series
from rnnlab.zero_shot.storage import packaged_network, read_zero_shot, sizes_of, write_zero_shot


class ZeroShot:
    """The pretrained network, ready to forecast.

    Args:
        folder: of weights and card; None for those of the package.
        device: of torch.

    Attributes:
        step, errors: see ``rnnlab.finetune``; of a network that it did not return, 0 and none.

    Raises:
        InputError: the weights are missing or damaged.

    Example:
        >>> import numpy as np, rnnlab
        >>> y = 10 + np.sin(np.arange(60) / 6 * np.pi)
        >>> rnnlab.ZeroShot().quantiles([y], period=12, horizon=3, levels=[0.1, 0.9]).shape
        (1, 3, 2)
    """

    step: int = 0
    errors: Mapping[int, float] = {}

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, device: torch.device | str = "cpu"
    ) -> None:
        if folder is None and torch.device(device).type == "cpu":
            self.network = packaged_network()
        else:
            self.network = read_zero_shot(None if folder is None else Path(folder), device)

    @classmethod
    def of(cls, network: ZeroShotNetwork, step: int, errors: Mapping[int, float]) -> Self:
        """What came of fine-tuning."""
        found = cls.__new__(cls)
        found.network, found.step, found.errors = network, step, errors
        return found

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write weights.safetensors and card.json, for ``ZeroShot(folder)`` and ``--network``."""
        weights = {name: w.detach().cpu() for name, w in self.network.named_parameters()}
        tuned = {"step": self.step, "errors": {str(at): e for at, e in self.errors.items()}}
        with output_files(Path(folder)) as partial:
            write_zero_shot(partial, weights, {**sizes_of(self.network), "fine_tuned": tuned})

    def quantiles(
        self,
        histories: Sequence[np.ndarray],
        period: int | Sequence[int],
        horizon: int,
        levels: Sequence[float] = QUANTILES,
    ) -> np.ndarray:
        """Quantiles of the next values, [S, horizon, len(levels)], in the units of the series.

        Args:
            histories: of S series, each [T] with any T; NaN for missing values. Each has at least
                one value that is not missing.
            period: steps in a season, 1 for none; or two of them, such as ``[7, 365]``. A year is
                looked for beside a week, and a week beside a day, where one is given.
            levels: each from 0.025 to 0.975.

        Raises:
            InputError: a level, the period or the horizon is out of range, or a history has no
                value.
        """
        seasons = sorted(period) if isinstance(period, Sequence) else [period]
        whole = all(isinstance(season, Integral) for season in seasons)
        if not whole or len({*seasons}) < len(seasons) or not 1 <= len(seasons) <= 2:
            raise InputError(f"period {period}: write a whole number, or two such as [7, 365]")
        if seasons[0] < 1 or horizon < 1:
            raise InputError(f"period {period}, horizon {horizon}: write 1 or more")
        arrays = [np.asarray(history, dtype=np.float64) for history in histories]
        for number, history in enumerate(arrays):
            if history.ndim != 1 or not np.isfinite(history).any():
                raise InputError(f"history {number}: write an array [T] with at least one value")
        found = forecast_series(self.network, arrays, seasons[0], horizon, *seasons[1:])
        return at_levels(found, levels)


# what a person names as a network: a folder, or None for that of the package
Network = ZeroShot | str | os.PathLike[str] | None


def network_of(network: Network) -> ZeroShotNetwork:
    """The network that a person names.

    Raises:
        InputError: a folder lacks it.
    """
    return (network if isinstance(network, ZeroShot) else ZeroShot(network)).network
