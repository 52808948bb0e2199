"""Protocols: their origins, their steps and the true values."""

import numpy as np
import pytest

from rnnlab.series import origins
from rnnlab.series.origins import (
    FIT_OF,
    Request,
    every_origin,
    fitted_requests,
)

# pytest would take a function of this name for a test
requests_of = origins.test_requests
LENGTHS, OFFSETS = np.array([20, 30]), np.array([0, 20, 50])
CUTS = {"main": np.array([14, 21]), "year": np.array([16, 26])}


def pairs(request: Request) -> list[tuple[int, int]]:
    return list(zip(request.series.tolist(), request.end.tolist(), strict=True))


def test_requests_by_hand() -> None:
    found = requests_of(LENGTHS, CUTS, 4)
    assert list(found) == list(FIT_OF)
    each = [(0, o) for o in range(14, 20)] + [(1, o) for o in range(21, 30)]
    assert pairs(found["one_step"]) == each
    assert pairs(found["year"]) == [(0, 16), (1, 26)]
    assert pairs(found["long"]) == [(0, 14), (1, 21)]
    # a year ahead lies within the series
    rolling = [(0, o) for o in range(14, 17)] + [(1, o) for o in range(21, 27)]
    assert pairs(found["rolling"]) == rolling
    assert [found[p].steps for p in FIT_OF] == [1, 4, 9, 4]


def test_a_test_part_shorter_than_a_period_has_no_rolling_origins() -> None:
    cuts = {"main": np.array([17, 28]), "year": np.array([16, 26])}
    assert pairs(requests_of(LENGTHS, cuts, 4)["rolling"]) == []


def test_the_truth_ends_where_its_series_does() -> None:
    y = np.arange(50.0)
    request = Request(np.array([0, 0, 1]), np.array([14, 18, 27]), 4)
    nan = np.nan
    found = request.truth(y, OFFSETS)
    expected = [[14, 15, 16, 17], [18, 19, nan, nan], [47, 48, 49, nan]]
    np.testing.assert_array_equal(found, expected)
    # and begins where it is told to
    found = request.truth(y, OFFSETS, np.array([16, 0]), np.array([19, 29]))
    expected = [[nan, nan, 16, 17], [18, nan, nan, nan], [47, 48, nan, nan]]
    np.testing.assert_array_equal(found, expected)


def test_every_origin_by_hand() -> None:
    found = every_origin(LENGTHS, np.array([18, 0]), np.array([25, 2]), 3)
    assert pairs(found) == [(0, 18), (0, 19), (1, 0), (1, 1)]
    assert found.steps == 3


def test_some_rows_of_a_request() -> None:
    request = every_origin(LENGTHS, np.array([18, 0]), np.array([25, 2]), 3)
    assert pairs(request.select(np.array([1, 2]))) == [(0, 19), (1, 0)]
    assert request.select(np.array([1])).steps == 3


def test_validation_is_reached_from_origins_that_saw_none_of_it_and_from_those_inside() -> None:
    train, validation = np.array([12, 20]), np.array([14, 24])
    of_validation, of_training = fitted_requests(LENGTHS, train, validation, 7, 4)
    # the earliest origin from which the fourth step is the first of validation
    expected = [(0, o) for o in range(9, 14)] + [(1, o) for o in range(17, 24)]
    assert pairs(of_validation) == expected
    expected = [(0, o) for o in range(7, 12)] + [(1, o) for o in range(7, 20)]
    assert pairs(of_training) == expected
    assert of_validation.steps == of_training.steps == 4


def test_no_origin_before_the_earliest() -> None:
    of_validation, of_training = fitted_requests(
        LENGTHS, np.array([12, 20]), np.array([14, 24]), 15, 8
    )
    # a series that is shorter begins at the end of its training part
    assert pairs(of_validation)[0] == (0, 12)
    assert (1, 15) in pairs(of_validation)
    assert (1, 14) not in pairs(of_validation)
    assert {series for series, _ in pairs(of_training)} == {1}


@pytest.mark.parametrize("most", [3, 10, 1000])
def test_of_very_many_origins_some_are_taken(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(origins, "MAX_ORIGINS", most)
    train, validation = np.array([12, 20]), np.array([14, 24])
    for request in fitted_requests(LENGTHS, train, validation, 7, 4):
        assert 0 < len(request.end) <= most
        assert (np.diff(request.series) >= 0).all()
    if most == 10:
        assert set(request.series) == {0, 1}


def test_histories_and_positions_by_hand() -> None:
    y = np.arange(50.0)
    request = Request(np.array([0, 1, 1]), np.array([3, 2, 30]), 4)
    assert request.positions(OFFSETS).tolist() == [3, 22, 50]
    found = request.histories(y, OFFSETS)
    for history, expected in zip(found, [range(3), range(20, 22), range(20, 50)], strict=True):
        assert history.tolist() == list(expected)


def test_a_request_of_some_series_of_a_panel() -> None:
    request = Request(np.array([2, 2, 5]), np.array([7, 8, 9]), 3).within(np.array([1, 2, 5]))
    assert pairs(request) == [(1, 7), (1, 8), (2, 9)]
