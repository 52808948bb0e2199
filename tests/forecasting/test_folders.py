"""A folder of Parquet files is forecast file by file."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import one_error_line, run_stage_here

from rnnlab.forecasting import folders

PARTS = ("a.parquet", "b.parquet", "deep/c.parquet")


@pytest.fixture
def shops(project: Path) -> Path:
    """A project with a folder of three files of series."""
    ds = pd.date_range("2015-01-01", periods=48, freq="MS")
    for number, name in enumerate(PARTS):
        path = project / "shops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        tables = [
            pd.DataFrame({"unique_id": f"{name[:-8]}{n}", "ds": ds, "y": 50 + rng.normal(size=48)})
            for n in range(3)
        ]
        pd.concat(tables).to_parquet(path, index=False)
    return project


def forecast(project: Path, *args: str) -> int:
    return run_stage_here(project, "forecast", "shops", "--horizon", "4", *args)


def written(project: Path) -> dict[str, bytes]:
    folder = project / "forecasts/shops"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def test_a_file_of_forecasts_for_each_file_of_series(
    shops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(shops) == 0
    said = capsys.readouterr().out
    assert "4 steps of 9 series in 3 of 3 parts: forecasts/shops/" in said
    assert sorted(written(shops)) == sorted(PARTS)
    for name in PARTS:
        table = pd.read_parquet(shops / "forecasts/shops" / name)
        args = [f"shops/{name}", "--horizon", "4", "--out", "one.parquet"]
        assert run_stage_here(shops, "forecast", *args) == 0
        alone = pd.read_parquet(shops / "one.parquet")
        np.testing.assert_allclose(table["forecast"], alone["forecast"], rtol=1e-5)
        assert table["unique_id"].tolist() == alone["unique_id"].tolist()
        assert table["ds"].min() == pd.Timestamp("2019-01-01")


def test_each_part_has_what_is_known_ahead(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each as it is forecast alone; the rows ahead of the first are the horizon of all."""
    ds, rng = pd.date_range("2023-01-01", periods=124, freq="D"), np.random.default_rng(0)
    (project / "shops").mkdir()
    for name in "ab":
        promo = rng.integers(0, 2, 124)
        sold = (20 + np.arange(124) % 7 + 9 * promo + rng.normal(size=124)).round(2)
        table = pd.DataFrame({"shop": name, "day": ds, "sold": sold, "promo": promo})
        table.loc[120:, "sold"] = np.nan
        table.to_parquet(project / f"shops/{name}.parquet", index=False)
    known = ["--known", "promo", "--holidays", "AT"]
    assert run_stage_here(project, "forecast", "shops", *known) == 0
    assert "4 steps of 2 series in 2 of 2 parts" in capsys.readouterr().out
    for name in "ab":
        one = [f"shops/{name}.parquet", *known, "--out", "one.parquet"]
        assert run_stage_here(project, "forecast", *one) == 0
        assert "with covariates 0." in capsys.readouterr().out
        alone = pd.read_parquet(project / "one.parquet")
        table = pd.read_parquet(project / f"forecasts/shops/{name}.parquet")
        np.testing.assert_allclose(table["forecast"], alone["forecast"], rtol=1e-5)
    assert run_stage_here(project, "forecast", "shops", "--known", "promo") == 0
    assert "2 series in 2 of 2 parts: " in capsys.readouterr().out
    # an option of no use is said at once, not for each part
    assert run_stage_here(project, "forecast", "shops", "--holidays", "AT,Mars") == 1
    said = capsys.readouterr().err
    one_error_line(said, "--holidays Mars: is no country")
    assert len(said.splitlines()) == 1
    # the horizon is that of the first part, also where another has fewer rows ahead
    fewer = pd.read_parquet(project / "shops/b.parquet")
    fewer[:-2].to_parquet(project / "shops/b.parquet")
    for more in ([], ["--check"]):
        assert run_stage_here(project, "forecast", "shops", "--known", "promo", *more) == 1
        one_error_line(capsys.readouterr().err, "b.parquet: 'promo' has no value at 2023-05-03")
    without = fewer.drop(columns="promo")
    without.to_parquet(project / "shops/b.parquet")
    for more in ([], ["--check"]):
        assert run_stage_here(project, "forecast", "shops", "--known", "promo", *more) == 1
        one_error_line(capsys.readouterr().err, "b.parquet: has no column 'promo' (--known)")


def test_what_is_done_is_not_done_twice(
    shops: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill in the middle, and after a change of one file."""
    assert forecast(shops) == 0
    whole = written(shops)
    shutil.rmtree(shops / "forecasts")
    first = folders.forecast_part

    def killed_at_the_second(job: folders.FolderJob, path: Path) -> folders.PartResult:
        if path.name == "b.parquet":
            raise KeyboardInterrupt
        return first(job, path)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "forecast_part", killed_at_the_second)
        assert forecast(shops) == 130
    assert list(written(shops)) == ["a.parquet"]
    # half a file that a kill left
    (shops / "forecasts/shops/b.parquet").write_bytes(whole["b.parquet"][:100])
    capsys.readouterr()
    assert forecast(shops) == 0
    assert "6 series in 2 of 3 parts; 1 were done before" in capsys.readouterr().out
    assert written(shops) == whole
    table = pd.read_parquet(shops / "shops/a.parquet")
    table.assign(y=table["y"] + 1).to_parquet(shops / "shops/a.parquet", index=False)
    assert forecast(shops) == 0
    assert "3 series in 1 of 3 parts; 2 were done before" in capsys.readouterr().out
    assert forecast(shops, "--period", "6") == 0
    assert "9 series in 3 of 3 parts: " in capsys.readouterr().out


def test_a_series_in_two_files_makes_the_folder_one_table(
    shops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files by year, as a warehouse writes them."""
    table = pd.concat(pd.read_parquet(path) for path in (shops / "shops").rglob("*.parquet"))
    shutil.rmtree(shops / "shops")
    (shops / "shops").mkdir()
    for year, rows in table.groupby(table["ds"].dt.year):
        rows.to_parquet(shops / f"shops/{year}.parquet", index=False)
    assert forecast(shops) == 0
    assert "4 steps of 9 series: forecasts/shops.csv" in capsys.readouterr().out


@pytest.mark.parametrize(
    "args",
    [
        *(["--trained"], ["--json"], ["--backtest"], ["--out", "-"], ["--plot-series", "a0"]),
        *(["--html", "a.html"], ["--train"], ["--future", "a.csv"]),
    ],
)
def test_what_a_folder_cannot_have_is_said(
    shops: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    assert forecast(shops, *args) == 1
    line = one_error_line(capsys.readouterr().err, args[0], "shops is a folder of parts")
    assert "name one of its files" in line
    assert not (shops / "forecasts").exists()


def test_a_damaged_part_is_named_and_the_others_stay(
    shops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(shops) == 0
    whole = written(shops)
    (shops / "shops/b.parquet").write_bytes(b"PAR1 and no more")
    capsys.readouterr()
    shutil.rmtree(shops / "forecasts")
    assert forecast(shops) == 1
    one_error_line(capsys.readouterr().err, "b.parquet", "is not a valid Parquet file")
    del whole["b.parquet"]
    assert written(shops) == whole


def test_what_is_no_series_is_left_out_of_its_part(
    shops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first file holds nothing else, so the second settles the period."""
    ds = pd.to_datetime(["2015-01-01", "2015-01-01", "2015-02-01"])
    bad = pd.DataFrame({"unique_id": "twice", "ds": ds, "y": [1.0, 2.0, 3.0]})
    bad.to_parquet(shops / "shops/0.parquet", index=False)
    good = pd.read_parquet(shops / "shops/a.parquet")
    pd.concat([good, bad.assign(unique_id="again")]).to_parquet(shops / "shops/a.parquet")
    assert forecast(shops) == 1
    printed = capsys.readouterr()
    assert "4 steps of 9 series in 3 of 4 parts: forecasts/shops/" in printed.out
    assert "1 series left out: forecasts/shops/PART_left_out.csv says why" in printed.err
    assert "0.parquet: series 'twice' has 2015-01-01 twice" in printed.err
    assert pd.read_csv(shops / "forecasts/shops/a_left_out.csv")["unique_id"].tolist() == ["again"]
    good.to_parquet(shops / "shops/a.parquet")
    (shops / "shops/0.parquet").unlink()
    assert forecast(shops) == 0
    assert not (shops / "forecasts/shops/a_left_out.csv").exists()


@pytest.mark.parametrize("out", [".", "shops", "shops/deep"])
def test_the_parts_are_never_written_over(
    shops: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    before = {path: path.read_bytes() for path in (shops / "shops").rglob("*.parquet")}
    assert forecast(shops, "--out", out) == 1
    one_error_line(capsys.readouterr().err, f"--out {out}", "is the data itself")
    assert {path: path.read_bytes() for path in (shops / "shops").rglob("*.parquet")} == before


def test_a_cluster_gives_the_same_bytes(shops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="an optional extra")
    assert forecast(shops) == 0
    whole = written(shops)
    shutil.rmtree(shops / "forecasts")
    assert forecast(shops, "--ray", "local:2") == 0
    assert written(shops) == whole


def test_without_ray_the_package_is_named(
    shops: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert forecast(shops, "--ray", "local") == 1
    one_error_line(capsys.readouterr().err, "--ray needs Ray: pip install 'rnnlab[ray]'")


def test_fallbacks_are_counted_over_all_parts(
    shops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Series of a few values, with which a method that is fitted to them fails."""
    assert forecast(shops, "--fit") == 0
    assert "Where a method failed" not in capsys.readouterr().err
    for name in PARTS[:2]:
        table = pd.read_parquet(shops / "shops" / name)
        last = table.groupby("unique_id").tail(4)
        rows = table.where(table["unique_id"].str.endswith("0")).dropna()
        short = last[~last["unique_id"].str.endswith("0")]
        pd.concat([rows, short]).to_parquet(shops / "shops" / name, index=False)
    assert forecast(shops, "--fit") == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "method failed" in line]
    # two series in each of two parts
    assert "theta for 4" in line
    assert line.endswith("series.")
