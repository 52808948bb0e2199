"""The protocols by which forecasts are judged, the same for the network and the baselines."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.series.scalers import positions_in_series, series_numbers

# the fit that each protocol forecasts with
FIT_OF = {"one_step": "main", "year": "year", "long": "main", "rolling": "main"}
# of a panel of many, methods are judged by as many origins as this at most
MAX_ORIGINS = 10_000
# of long series, as many for each as this on average
MAX_ORIGINS_PER_SERIES = 200


@dataclass(frozen=True)
class Request:
    """Forecasts that are wanted: from each origin, so many steps.

    Attributes:
        origin: int64 [N], position of the first step in values that lie end to end; forecasts see
            what lies before it and belongs to the same series.
        series: int64 [N], number of the series, in ascending order.
        steps: how many, H.
    """

    origin: np.ndarray
    series: np.ndarray
    steps: int

    def truth(self, y: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Values of y [M] at all steps, [N, H]; NaN where a step is not in ``first`` to ``last``.

        Args:
            first, last: [S], positions in y; ``last`` is not included.
        """
        ahead = self.origin[:, None] + np.arange(self.steps)
        inside = ahead >= first[self.series, None]
        inside &= ahead < last[self.series, None]
        return np.where(inside, y[np.minimum(ahead, len(y) - 1)], np.nan)

    def of(self, rows: np.ndarray) -> "Request":
        return replace(self, origin=self.origin[rows], series=self.series[rows])


def every_origin(offsets: np.ndarray, first: np.ndarray, last: np.ndarray, steps: int) -> Request:
    """From each place ``first`` to ``last`` (not included, [S]) inside each series."""
    series, place = series_numbers(offsets), positions_in_series(offsets)
    chosen = np.flatnonzero((place >= first[series]) & (place < last[series]))
    return Request(chosen, series[chosen], steps)


def test_requests(
    offsets: np.ndarray, cuts: dict[str, np.ndarray], period: int
) -> dict[str, Request]:
    """What each protocol forecasts; ``cuts`` holds where the test part begins, [S], by fit.

    one_step: each value from the true history up to the one before, with no refit.
    year, long: all values in one go from the history up to the cut.
    rolling: a period ahead from each origin that has so many values ahead.
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
    """From each origin that has a step in the validation part, and from each in the training part.

    Origins inside the training part are among the first too, so that each step ahead is judged on
    as many values. Nothing was fitted on validation, but it chose the networks' epoch, so that they
    look a little better there than the other methods.

    Args:
        train, validation: where these parts end inside each series, [S].
        earliest: place of the first origin from which all methods can forecast.
    """
    first = np.minimum(earliest, train)
    of_validation = every_origin(offsets, np.maximum(train - steps + 1, first), validation, steps)
    of_training = every_origin(offsets, first, train, steps)
    return _subsampled(of_validation), _subsampled(of_training)


def _subsampled(request: Request) -> Request:
    count, series = len(request.origin), len(np.unique(request.series))
    most = min(MAX_ORIGINS, MAX_ORIGINS_PER_SERIES * series)
    if count <= most:
        return request
    # at random, since every k-th origin could be the same month of each year
    draw = np.random.default_rng(0).choice(count, most, replace=False)
    return request.of(np.sort(draw))
