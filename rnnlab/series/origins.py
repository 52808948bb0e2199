"""The protocols by which forecasts are evaluated, the same for the network and the baselines."""

from dataclasses import dataclass, replace

import numpy as np

# the fit that each protocol forecasts with
FIT_OF = {"one_step": "main", "year": "year", "long": "main", "rolling": "main"}
# largest number of origins on which methods are compared, for a panel
MAX_ORIGINS = 10_000
# largest mean number of origins for each series
MAX_ORIGINS_PER_SERIES = 200


@dataclass(frozen=True)
class Request:
    """The forecasts to make: the same number of steps from the end of each history.

    Attributes:
        series: int64 [N], number of the series, in ascending order.
        end: int64 [N], how many values of the series are known; the first step is the next one.
        steps: number of steps, H.
    """

    series: np.ndarray
    end: np.ndarray
    steps: int

    def positions(self, offsets: np.ndarray) -> np.ndarray:
        """Where the first step of each forecast is among concatenated values, [N]."""
        return offsets[self.series] + self.end

    def histories(self, y: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
        """Of concatenated y [M] the values that each forecast may read."""
        spans = zip(offsets[self.series], self.positions(offsets), strict=True)
        return [y[first:stop] for first, stop in spans]

    def truth(
        self,
        y: np.ndarray,
        offsets: np.ndarray,
        first: np.ndarray | None = None,
        last: np.ndarray | None = None,
    ) -> np.ndarray:
        """Values of y [M] at all steps, [N, H]; NaN where a step is not in ``first`` to ``last``.

        Args:
            first, last: [S], counts of values in each series; ``last`` is exclusive. None for the
                whole series.
        """
        ahead = self.end[:, None] + np.arange(self.steps)
        last = np.diff(offsets) if last is None else last
        inside = ahead < last[self.series, None]
        if first is not None:
            inside &= ahead >= first[self.series, None]
        at = np.minimum(offsets[self.series, None] + ahead, len(y) - 1)
        return np.where(inside, y[at], np.nan)

    def known_ahead(self, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Of values [R] known of later steps, too, those at all steps, [N, H].

        It is the last one of a series where no more is known.

        Args:
            offsets: [S + 1], where those of each series begin and end.
        """
        first, stop = offsets[:-1][self.series], offsets[1:][self.series]
        rows = (first + self.end)[:, None] + np.arange(self.steps)
        return values[np.minimum(rows, stop[:, None] - 1)]

    def select(self, rows: np.ndarray) -> "Request":
        return replace(self, series=self.series[rows], end=self.end[rows])

    def within(self, kept: np.ndarray) -> "Request":
        """The same forecasts of a panel that has only the series ``kept``, in ascending order."""
        return replace(self, series=np.searchsorted(kept, self.series))


def every_origin(lengths: np.ndarray, first: np.ndarray, last: np.ndarray, steps: int) -> Request:
    """Request forecasts after ``first`` to ``last`` (exclusive) values, [S], of each series."""
    last = np.minimum(last, lengths)
    first = np.maximum(first, 0)
    ends = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
    series = np.repeat(np.arange(len(lengths)), [len(each) for each in ends])
    return Request(series, np.concatenate([np.empty(0, dtype=np.int64), *ends]), steps)


def test_requests(
    lengths: np.ndarray, cuts: dict[str, np.ndarray], period: int
) -> dict[str, Request]:
    """The forecasts of each protocol; ``cuts`` has the start of the test part, [S], by fit.

    one_step: each value from the true history before it, without a refit.
    year, long: all values at once from the history up to the cut.
    rolling: one period ahead from each origin with a full period of values after it.
    """
    main, year = cuts["main"], cuts["year"]
    number = np.arange(len(lengths))
    return {
        "one_step": every_origin(lengths, main, lengths, 1),
        "year": Request(number, year, int((lengths - year).max())),
        "long": Request(number, main, int((lengths - main).max())),
        "rolling": every_origin(lengths, main, lengths - period + 1, period),
    }


def fitted_requests(
    lengths: np.ndarray, train: np.ndarray, validation: np.ndarray, earliest: int, steps: int
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
    of_validation = every_origin(lengths, np.maximum(train - steps + 1, first), validation, steps)
    of_training = every_origin(lengths, first, train, steps)
    return _subsampled(of_validation), _subsampled(of_training)


def _subsampled(request: Request) -> Request:
    count, series = len(request.end), len(np.unique(request.series))
    limit = min(MAX_ORIGINS, MAX_ORIGINS_PER_SERIES * series)
    if count <= limit:
        return request
    # a random sample: every k-th origin could be the same month of each year
    draw = np.random.default_rng(0).choice(count, limit, replace=False)
    return request.select(np.sort(draw))
