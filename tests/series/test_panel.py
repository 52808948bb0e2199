"""Panels of series: what is repaired, what is left out and why, and where parts end."""

import re
from pathlib import Path

import numpy as np
import pytest
from committed import COMMITTED
from helpers import read_yaml
from oracles import joined, panel_of, wave
from tables import NOTES_ALONE, TABLE, data_of, long_table, month, read

from rnnlab.core.errors import InputError
from rnnlab.core.notes import InputWarning
from rnnlab.core.params import SeriesTask
from rnnlab.series.normalization import min_training_values, unusable_series
from rnnlab.series.panel import MAX_LINES, Panel, cut_series, warn_left_out

pytestmark = NOTES_ALONE


def ends(cut) -> list[list[int]]:
    return [part.tolist() for part in (cut.train, cut.validation, cut.test)]


def test_cuts_of_the_airline_series() -> None:
    cuts = cut_series(np.array([144]), data_of())
    assert list(cuts) == ["main", "year"]
    assert ends(cuts["main"]) == [[85], [100], [144]]
    assert ends(cuts["year"]) == [[112], [132], [144]]


def test_each_series_is_cut_by_its_own_length() -> None:
    cuts = cut_series(np.array([144, 60, 30]), data_of())
    for number, length in enumerate((144, 60, 30)):
        alone = cut_series(np.array([length]), data_of())
        for fit, cut in cuts.items():
            assert [each[number] for each in ends(cut)] == [each[0] for each in ends(alone[fit])]


def test_cuts_by_steps() -> None:
    cuts = cut_series(np.array([144, 60]), data_of(test_steps=24, validation_steps=18))
    assert ends(cuts["main"]) == [[102, 18], [120, 36], [144, 60]]
    assert ends(cuts["year"]) == [[114, 30], [132, 48], [144, 60]]


@pytest.mark.parametrize(
    ("length", "fraction", "end"), [(10, 0.3, 7), (100, 0.1, 90), (7, 0.5, 3), (1000, 0.7, 300)]
)
def test_the_main_cut_rounds_down_without_rounding_errors(
    length: int, fraction: float, end: int
) -> None:
    cut = cut_series(np.array([length]), data_of(test_fraction=fraction, period=2))["main"]
    [[train], [validation], [test]] = ends(cut)
    assert validation == end
    assert 0 < train < validation < test == length


def test_gaps_are_filled_from_the_past_alone(tmp_path: Path) -> None:
    values: list = list(range(1, 31))
    values[2], values[17], values[18] = "", "NaN", ""
    panel = read(tmp_path, "unique_id,ds,y\n" + long_table(values))
    assert panel.filled[2] == 2  # no year before it: the last value
    assert panel.filled[17] == 6  # the same month a year before
    assert panel.filled[18] == 7
    assert len(panel.filled) == 30


def test_a_gap_does_not_hang_on_later_values(tmp_path: Path) -> None:
    values: list = list(range(1, 31))
    values[17] = ""
    before = read(tmp_path, "unique_id,ds,y\n" + long_table(values)).filled
    values[18:] = [1000 + n for n in range(12)]
    after = read(tmp_path, "unique_id,ds,y\n" + long_table(values)).filled
    np.testing.assert_array_equal(after[:18], before[:18])


def test_blank_lines_and_gaps_at_the_ends(tmp_path: Path) -> None:
    text = "ds,y\n\n" + "".join(f"{month(n)},{n or ''}\n\n" for n in range(20)) + f"{month(20)},\n"
    panel = read(tmp_path, text)
    np.testing.assert_array_equal(panel.filled, np.arange(1, 20))
    assert panel.ds[0] == np.datetime64("1949-02-01")


def test_many_series_of_different_lengths(tmp_path: Path) -> None:
    text = (
        long_table([1, 2, 3, 4, 5], "b")
        + long_table([7, 8, 9], "a")
        + long_table([4, 4, 4, 5], "10")
    )
    panel = read(tmp_path, TABLE + text)
    assert panel.ids == ["10", "a", "b"]
    assert panel.left_out == {}
    np.testing.assert_array_equal(panel.offsets, [0, 4, 7, 12])
    np.testing.assert_array_equal(panel.lengths, [4, 3, 5])
    np.testing.assert_array_equal(panel.filled[panel.span(2)], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(panel.filled[panel.span(1)], [7, 8, 9])


def test_gaps_of_a_panel_are_filled_from_their_own_series(tmp_path: Path) -> None:
    text = long_table([900, 901, 902, 903], "a") + long_table([1, "", 3, "", 5, "", 9], "b")
    panel = read(tmp_path, TABLE + text, period=2)
    np.testing.assert_array_equal(panel.filled[panel.span(1)], [1, 1, 3, 1, 5, 1, 9])


def test_rows_in_any_order(tmp_path: Path) -> None:
    rows = (long_table(range(20), "a") + long_table(range(50, 70), "b")).splitlines()
    mixed = np.random.default_rng(0).permutation(rows)
    note = f"{tmp_path}/series.csv: rows are not in time order; sorted"
    with pytest.warns(InputWarning, match=f"^{re.escape(note)}$"):
        panel = read(tmp_path, TABLE + "\n".join(mixed) + "\n")
    np.testing.assert_array_equal(panel.filled, [*range(20), *range(50, 70)])
    assert (np.diff(panel.ds[:20]) > np.timedelta64(0)).all()


@pytest.mark.filterwarnings("error")
def test_ordered_rows_give_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Series may follow each other by any name, or take turns."""
    a, b = long_table(range(20), "a"), long_table(range(20), "b")
    read(tmp_path, TABLE + b + a)
    turns = [row for pair in zip(b.splitlines(), a.splitlines(), strict=True) for row in pair]
    read(tmp_path, TABLE + "\n".join(turns) + "\n")
    assert capsys.readouterr().err == ""


def days(count: int, unique_id: str, step: int = 1) -> str:
    first = np.datetime64("2024-01-01")
    return "".join(f"{unique_id},{first + step * n},{n}\n" for n in range(count))


BROKEN = {
    "few": (long_table([1, 2], "b"), "has 2 values; it needs many more"),
    "one": (long_table([1], "b"), "has 1 value; it needs many more"),
    "none": (long_table(["", "", ""], "b"), "has 0 values; it needs many more"),
    "constant": (long_table([3] * 9, "b"), "is constant (3); there is nothing to forecast"),
    "gaps": (
        long_table(["", 3, "", 3, 3], "b"),
        "is constant (3); there is nothing to forecast",
    ),
    "twice": (
        long_table(range(5), "b") + "b,1949-03-01,7\n",
        "has 1949-03-01 twice (row ROW); keep one row",
    ),
    "uneven": (
        long_table(range(9), "b").replace("b,1949-03-01", "b,1949-03-02"),
        "is not evenly spaced, first at 1949-03-02 (row ROW); correct that time, or add the "
        "missing rows (y may be empty)",
    ),
    "days": (days(40, "b"), "has steps of 1 day where the others have 1 month"),
    "weeks": (days(40, "b", 7), "has steps of 1 week where the others have 1 month"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_series_is_left_out_and_the_others_run(tmp_path: Path, broken: str) -> None:
    rows, reason = BROKEN[broken]
    text = TABLE + long_table(range(9), "c") + rows + long_table(range(20, 32), "a")
    panel = read(tmp_path, text)
    # nine rows of another series stand before
    row = {"twice": "16", "uneven": "13"}.get(broken, "")
    assert panel.left_out == {"b": reason.replace("ROW", row)}
    assert panel.ids == ["a", "c"]
    np.testing.assert_array_equal(panel.offsets, [0, 12, 21])
    np.testing.assert_array_equal(panel.filled, [*range(20, 32), *range(9)])
    assert panel.ds[12] == panel.ds[0] == np.datetime64("1949-01-01")


@pytest.mark.parametrize("footer", ["", "Source: a survey\n", '"Source: a survey",,\n\n'])
def test_a_series_without_values_at_the_end_of_the_file(tmp_path: Path, footer: str) -> None:
    """It is not a footer: it has times."""
    text = TABLE + long_table(range(9), "a") + long_table(["", "", ""], "b") + footer
    panel = read(tmp_path, text)
    assert panel.ids == ["a"]
    assert panel.left_out == {"b": "has 0 values; it needs many more"}


@pytest.mark.parametrize("broken", ["few", "constant", "twice", "uneven"])
def test_one_broken_series_alone_is_an_error_that_names_it(tmp_path: Path, broken: str) -> None:
    rows, reason = BROKEN[broken]
    with pytest.raises(InputError) as error:
        read(tmp_path, TABLE + rows)
    reason = reason.replace("ROW", {"twice": "7", "uneven": "4"}.get(broken, ""))
    assert str(error.value) == f"{tmp_path}/series.csv: series 'b' {reason}"


def test_all_broken_is_an_error_that_counts_them(tmp_path: Path) -> None:
    text = TABLE + long_table([1, 2], "b") + long_table([3] * 9, "a") + long_table([1, 2], "c")
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    expected = "series 'a' is constant (3); there is nothing to forecast (and 2 more series)"
    assert str(error.value) == f"{tmp_path}/series.csv: {expected}"


def test_mixed_frequencies_go_by_the_usual_one(tmp_path: Path) -> None:
    text = TABLE + days(40, "a") + long_table(range(9), "b") + days(30, "c") + days(20, "d", 7)
    panel = read(tmp_path, text)
    assert panel.ids == ["a", "c"]
    assert panel.left_out == {
        "b": "has steps of 1 month where the others have 1 day",
        "d": "has steps of 1 week where the others have 1 day",
    }


def test_what_is_left_out_is_said_in_a_line_each() -> None:
    reasons = {f"s{n}": f"has {n} values" for n in range(MAX_LINES + 4)}
    y, offsets = joined(wave(9, 4))
    panel = Panel(["a"], offsets, np.arange(9), y, left_out=reasons)
    with pytest.warns(InputWarning) as notes:
        warn_left_out(panel, "x.csv", Path("card.json"))
    lines = [str(note.message) for note in notes]
    assert lines[1] == "x.csv: left out: series 's1' has 1 values"
    assert lines[MAX_LINES:] == ["x.csv: left out: 4 more; card.json names all"]


def test_without_keeps_what_was_left_out_before() -> None:
    y, offsets = joined(wave(9, 4), wave(7, 4, 1), wave(5, 4, 2))
    panel = Panel(["a", "b", "c"], offsets, np.arange(21), y, left_out={"z": "was broken"})
    assert panel.without({}, "x.csv") is panel
    found = panel.without({0: "is odd", 2: "is even"}, "x.csv")
    assert found.left_out == {"z": "was broken", "a": "is odd", "c": "is even"}
    assert found.ids == ["b"]
    np.testing.assert_array_equal(found.y, y[9:16])
    np.testing.assert_array_equal(found.ds, np.arange(9, 16))


def task_of(method: str, **data) -> SeriesTask:
    """The airline task of the project with another normalization."""
    block = read_yaml(COMMITTED / "params.yaml")["tasks"]["airline"]
    block["normalize"]["method"] = method
    block["data"] |= data
    block["windows"] |= {"center": "none", "scale": "none", "residual": "none"}
    return SeriesTask.model_validate(block)


LOGS = ["log", "log_standard", "log_difference", "log_seasonal_difference",
        "log_seasonal_and_first_difference", "log_exponential_smoothing"]  # fmt: skip
OTHERS = ["none", "minmax", "standard", "exponential_smoothing"]


def faults_of(panel: Panel, task: SeriesTask) -> dict[int, str]:
    """Unusable series of the task, by the shorter of its two training parts."""
    cuts = cut_series(panel.lengths, task.data)
    training = np.minimum(cuts["main"].train, cuts["year"].train)
    return unusable_series(panel, training, task.normalize.method)


@pytest.mark.parametrize("place", [3, 140])
@pytest.mark.parametrize("value", [0.0, -3.5])
@pytest.mark.parametrize("method", LOGS)
def test_zeros_and_negatives_have_no_logarithm(method: str, value: float, place: int) -> None:
    """In any part of the series."""
    broken = wave(144, 12)
    broken[place] = value
    faults = faults_of(panel_of(wave(144, 12), broken), task_of(method))
    other = "exponential_smoothing" if method.endswith("smoothing") else "minmax or standard"
    assert faults == {
        1: f"holds {value:g}, which has no logarithm; "
        f"write {other} as normalize.method in params.yaml"
    }


@pytest.mark.parametrize("method", OTHERS)
def test_zeros_and_negatives_where_no_logarithm_is_taken(method: str) -> None:
    assert faults_of(panel_of(wave(144, 12) - 1e4), task_of(method)) == {}


@pytest.mark.parametrize("method", [*LOGS, *OTHERS])
def test_too_short_for_the_normalization(method: str) -> None:
    task, least = (
        task_of(method, test_steps=12, validation_steps=6),
        min_training_values(method, 12),
    )
    enough = least + 18
    faults = faults_of(panel_of(wave(enough, 12), wave(enough - 1, 12), wave(5, 12)), task)
    assert faults == {
        1: f"has {enough - 1} values, {least - 1} of them for training; "
        f"normalize.method {method} with period 12 takes {least} or more",
        2: f"has 5 values, 0 of them for training; "
        f"normalize.method {method} with period 12 takes {least} or more",
    }


def test_constant_in_its_training_part() -> None:
    late = np.concatenate([np.full(90, 7.0), wave(54, 12)])
    faults = faults_of(panel_of(late, wave(144, 12)), task_of("standard"))
    assert faults == {0: "is constant (7) in its training part"}


def test_missing_rows_are_gaps(tmp_path: Path) -> None:
    rows = long_table(range(1, 37), "b")
    for time, value in (("1949-03-01", 3), ("1950-12-01", 24)):
        assert f"b,{time},{value}\n" in rows
        rows = rows.replace(f"b,{time},{value}\n", "")
    with pytest.warns(InputWarning) as notes:
        panel = read(tmp_path, TABLE + rows)
    whole = read(tmp_path, TABLE + long_table(range(1, 37), "b"))
    np.testing.assert_array_equal(panel.ds, whole.ds)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(panel.y)), [2, 23])
    # the value one period before, and the last one where there is no such
    expected = whole.filled.copy()
    expected[[2, 23]] = [2, 12]
    np.testing.assert_array_equal(panel.filled, expected)
    (line,) = [str(note.message) for note in notes]
    assert line.endswith("series.csv: 2 of 36 rows missing: gaps, the first at 1949-03-01")


def test_missing_rows_of_many_series_are_said_in_a_line(tmp_path: Path) -> None:
    text = TABLE + long_table(range(9), "a")
    for name in "bc":
        text += long_table(range(9), name).replace(f"{name},1949-03-01,2\n", "")
    with pytest.warns(InputWarning) as notes:
        panel = read(tmp_path, text)
    assert panel.missing is not None
    np.testing.assert_array_equal(np.flatnonzero(panel.missing), [11, 20])
    (line,) = [str(note.message) for note in notes]
    assert line.endswith("2 of 27 rows missing: gaps, the first of 'b' at 1949-03-01")
    # a series that is left out takes its gaps along
    panel = panel.without({1: "is odd"}, "x.csv")
    np.testing.assert_array_equal(np.flatnonzero(panel.missing), [11])


def test_a_missing_row_gives_what_an_empty_cell_gives(tmp_path: Path) -> None:
    rows = long_table([*range(1, 13)] * 3, "b") + long_table(range(40), "c")
    line = "b,1950-01-01,1\n"
    missing = read(tmp_path, TABLE + rows.replace(line, ""))
    empty = read(tmp_path, TABLE + rows.replace(line, "b,1950-01-01,\n"))
    for key in ("ds", "y", "filled", "offsets"):
        np.testing.assert_array_equal(getattr(missing, key), getattr(empty, key))
