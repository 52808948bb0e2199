"""The protocols by which forecasts are evaluated, the same for the network and the baselines."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.series.scalers import positions_in_series, series_numbers

# the fit that each protocol forecasts with
FIT_OF = {"one_step": "main", "year": "year", "long": "main", "rolling": "main"}
# largest number of origins on which methods are compared, for a panel
MAX_ORIGINS = 10_000
# largest mean number of origins for each series
MAX_ORIGINS_PER_SERIES = 200


@dataclass(frozen=True)
class Request:
    """The forecasts to make: the same number of steps from each origin.

    Attributes:
        origin: int64 [N], position of the first step in the concatenated values; a forecast uses
            the values of the same series before it.
        series: int64 [N], number of the series, in ascending order.
        steps: number of steps, H.
    """

    origin: np.ndarray
    series: np.ndarray
    steps: int

    def truth(self, y: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Values of y [M] at all steps, [N, H]; NaN where a step is not in ``first`` to ``last``.

        Args:
            first, last: [S], positions in y; ``last`` is exclusive.
        """
        ahead = self.origin[:, None] + np.arange(self.steps)
        inside = ahead >= first[self.series, None]
        inside &= ahead < last[self.series, None]
        return np.where(inside, y[np.minimum(ahead, len(y) - 1)], np.nan)

    def select(self, rows: np.ndarray) -> "Request":
        return replace(self, origin=self.origin[rows], series=self.series[rows])


def every_origin(offsets: np.ndarray, first: np.ndarray, last: np.ndarray, steps: int) -> Request:
    """Request forecasts from positions ``first`` to ``last`` (exclusive, [S]) in each series."""
    series, place = series_numbers(offsets), positions_in_series(offsets)
    chosen = np.flatnonzero((place >= first[series]) & (place < last[series]))
    return Request(chosen, series[chosen], steps)


def test_requests(
    offsets: np.ndarray, cuts: dict[str, np.ndarray], period: int
) -> dict[str, Request]:
    """The forecasts of each protocol; ``cuts`` has the start of the test part, [S], by fit.

    one_step: each value from the true history before it, without a refit.
    year, long: all values at once from the history up to the cut.
    rolling: one period ahead from each origin with a full period of values after it.
    """
    lengths = np.diff(offsets)
    main, year = cuts["main"], cuts["year"]
    number = np.arange(len(lengths))
    return {
        "one_step": every_origin(offsets, main, lengths, 1),
        "year": Request(offsets[:-1] + year, number, int((lengths - year).max())),
        "long": Request(offsets[:-1] + main, number, int((lengths - main).max())),
        "rolling": every_origin(offsets, main, lengths - period + 1, period),
    }


def fitted_requests(
    offsets: np.ndarray, train: np.ndarray, validation: np.ndarray, earliest: int, steps: int
) -> tuple[Request, Request]:
    """Requests on the validation part, and on the training part.

    The first includes each origin with a step in the validation part, also origins in the training
    part, so that all steps ahead are evaluated on the same number of values. No method is fitted on
    validation, but it selects the networks' epoch, which favours them a little there.

    Args:
        train, validation: where these parts end in each series, [S].
        earliest: position of the first origin from which all methods can forecast.
    """
    first = np.minimum(earliest, train)
    of_validation = every_origin(offsets, np.maximum(train - steps + 1, first), validation, steps)
    of_training = every_origin(offsets, first, train, steps)
    return _subsampled(of_validation), _subsampled(of_training)


def _subsampled(request: Request) -> Request:
    count, series = len(request.origin), len(np.unique(request.series))
    limit = min(MAX_ORIGINS, MAX_ORIGINS_PER_SERIES * series)
    if count <= limit:
        return request
    # a random sample: every k-th origin could be the same month of each year
    draw = np.random.default_rng(0).choice(count, limit, replace=False)
    return request.select(np.sort(draw))
