"""Some series of a panel by themselves, and requests for them."""

from dataclasses import dataclass

import numpy as np

from rnnlab.forecasting.selection import History
from rnnlab.series.origins import Request


@dataclass(frozen=True)
class Subset:
    """Some series of a panel, so that no time goes into the others.

    Attributes:
        kept: their numbers in the panel.
        number: of each series of the panel its number here, or -1, [S].
        y, offsets: as in History.
    """

    kept: np.ndarray
    number: np.ndarray
    y: np.ndarray
    offsets: np.ndarray

    def moved(self, request: Request, offsets: np.ndarray) -> Request:
        """``request`` of the whole panel, whose series begin at ``offsets``, for these series."""
        series = self.number[request.series]
        place = request.origin - offsets[request.series]
        return Request(self.offsets[series] + place, series, request.steps)


def subset_of(history: History, kept: np.ndarray) -> Subset:
    """The series with the numbers ``kept``, in ascending order."""
    number = np.full(len(history.offsets) - 1, -1)
    number[kept] = np.arange(len(kept))
    spans = [history.y[history.offsets[s] : history.offsets[s + 1]] for s in kept]
    offsets = np.cumsum([0, *(len(span) for span in spans)])
    return Subset(kept, number, np.concatenate([np.empty(0), *spans]), offsets)
