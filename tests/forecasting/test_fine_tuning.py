"""Fine-tuning: from the past alone, the same bytes again, and no worse than before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles import panel_of
from toys import zero_shot_network

import rnnlab
from rnnlab.core.errors import InputError
from rnnlab.forecasting import trained
from rnnlab.forecasting.methods import zero_shot_method
from rnnlab.forecasting.selection import validation_request
from rnnlab.forecasting.trained import fine_tuned, fine_tuned_method
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel
from rnnlab.zero_shot import finetuning
from rnnlab.zero_shot.finetuning import RECIPE, Errors, FineTuned, SeriesBatches, is_better
from rnnlab.zero_shot.readings import Reading, readings_of

FEW = replace(RECIPE, steps=12, batch_size=16, learning_rate=0.02)


def saws(count: int = 6, length: int = 120, period: int = 4) -> list[np.ndarray]:
    """Series that a random network forecasts badly."""
    rng = np.random.default_rng(0)
    season = 9 * (np.arange(length) % period)
    return [50 + season + rng.normal(size=length) for _ in range(count)]


def tuned(panel: Panel, horizon: int = 4, spans: np.ndarray | None = None) -> FineTuned:
    return fine_tuned(panel, zero_shot_network(), horizon, FEW, spans=spans)


def weights(found: FineTuned) -> torch.Tensor:
    return torch.cat([value.detach().ravel() for value in found.network.parameters()])


def test_it_learns_and_gives_the_same_bytes_again() -> None:
    panel = replace(panel_of(*saws()), period=4)
    found, again = tuned(panel), tuned(panel)
    assert found.step > 0
    assert found.errors[found.step] == min(found.errors.values()) < 0.9 * found.errors[0]
    assert found.errors == again.errors
    assert torch.equal(weights(found), weights(again))
    assert not found.network.training


@pytest.mark.parametrize("spans", [None, np.full(6, 60)])
def test_nothing_is_learned_from_validation(spans: np.ndarray | None) -> None:
    """Other values there choose another step, but each step's weights are the same."""
    panel = replace(panel_of(*saws()), period=4)
    _, ends = validation_request(panel, 4, spans)
    assert (ends == (96 if spans is None else 60)).all()
    later = panel.y.copy()
    for number, end in enumerate(ends):
        later[panel.offsets[number] + end : panel.offsets[number + 1]] += 1000
    seen: list[list[torch.Tensor]] = []
    candidates = finetuning._candidates

    def kept(*args: object) -> object:
        seen.append([])
        for step, candidate in candidates(*args):  # type: ignore[arg-type]
            seen[-1].append(candidate.head.weight.detach().clone())
            yield step, candidate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finetuning, "_candidates", kept)
        tuned(panel, spans=spans)
        tuned(replace(panel, y=later), spans=spans)
    assert len(seen[0]) == finetuning.LOOKS
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


@pytest.mark.parametrize(
    ("halves", "fell", "better"),
    [
        # a large fall, of one series or of many of which most got worse
        ([0.9, 0.9], 1, True),
        ([0.9, 0.9], 3, True),
        # a small one is no chance where most of many series share it; 27 of 40 are one look of six
        ([0.99, 0.99], 3, False),
        ([0.99, 0.99], 27, False),
        ([0.99, 0.99], 30, True),
        # one part of the stretch may be a shock that they share
        ([0.95, 1.001], 40, False),
    ],
)
def test_better_is_more_than_chance(halves: list[float], fell: int, better: bool) -> None:
    count = 1 if fell == 1 else 40
    sizes = np.random.default_rng(0).permutation(count) + 1.0
    change = np.where(np.arange(count) < fell, -0.01, 0.01) * sizes
    before = Errors(np.ones(2), np.full(count, 1.0))
    found = Errors(np.array(halves), before.series + change)
    assert is_better(found, before, least_gain=0.05) == better
    unknown = replace(found, series=np.full(count, np.nan))
    assert is_better(unknown, before, least_gain=0.05) == (better and halves[0] == 0.9)


@pytest.mark.parametrize("period", [4, 12])
def test_the_method_learns_once_from_what_comes_before_the_test_part(
    period: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all requests together; other test values change neither weights nor forecasts."""
    panel = panel_of(*saws(length=40 * period, period=period), period=period)
    ends = panel.lengths - 2 * period
    requests = [Request(np.arange(6), ends - back, period) for back in (0, 3)]
    destroyed = panel.y.copy()
    for number, end in enumerate(ends):
        destroyed[panel.offsets[number] + end : panel.offsets[number + 1]] = -1e6
    learned: list[FineTuned] = []

    def kept(*args: object) -> FineTuned:
        learned.append(fine_tuned(*args))  # type: ignore[arg-type]
        return learned[-1]

    monkeypatch.setattr(trained, "fine_tuned", kept)
    steps: list[int] = []
    method = fine_tuned_method(zero_shot_network(), period, steps, FEW)
    found, again, blind = (
        method(each, ends, requests) for each in (panel, panel, replace(panel, y=destroyed))
    )
    assert steps == [each.step for each in learned] == [steps[0]] * 3
    assert steps[0] > 0
    before = zero_shot_method(zero_shot_network())(panel, ends, requests)
    for one, other, unseen, old in zip(found, again, blind, before, strict=True):
        assert one.tobytes() == other.tobytes() == unseen.tobytes()
        assert (one != old).any()
    assert torch.equal(weights(learned[0]), weights(learned[1]))
    assert torch.equal(weights(learned[0]), weights(learned[2]))
    # what comes before the test part does change them
    method(replace(panel, y=panel.y[::-1].copy()), ends, requests)
    assert not torch.equal(weights(learned[0]), weights(learned[3]))


def test_later_values_than_the_windows_change_no_batch() -> None:
    """What a window is to forecast lies within its history, and nothing after it is read."""
    y = saws(3, 60)
    batches = SeriesBatches(y, y, readings_of(4, None), np.ones(1), 4, FEW)
    for number in range(5):
        series, ends, width = batches.draw_windows(np.random.default_rng(number), Reading(4))
        assert len(series) == FEW.batch_size
        assert (ends + 4 <= 60).all()
        assert (ends >= 30).all()
        assert width <= 64


@pytest.mark.parametrize("period", [1, 7, 24, 400])
@pytest.mark.parametrize("gap", [False, True])
def test_every_reading_gives_a_batch_of_finite_numbers(period: int, gap: bool) -> None:
    y = [np.abs(each) for each in saws(3, 900)]
    if gap:
        y[0][100:850] = np.nan
    filled = [np.nan_to_num(each, nan=50.0) for each in y]
    readings = readings_of(period, {24: 168, 7: 365.25}.get(period))
    for number in range(len(readings)):
        shares = np.eye(len(readings))[number]
        inputs, target, _ = SeriesBatches(y, filled, readings, shares, 12, FEW)[number]
        assert target.shape == (FEW.batch_size, 12)
        assert all(torch.isfinite(value).all() for value in (target, *inputs.values()))


def test_the_network_stays_where_nothing_can_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    found = rnnlab.finetune([y[:30] for y in saws()], horizon=4, period=4)
    assert (found.step, dict(found.errors)) == (0, {})
    said = capsys.readouterr().err
    assert "shorter than 2 horizons of 4 steps" in said
    assert said.count("\n") == 1
    walks = np.random.default_rng(0).normal(size=(3, 200)).cumsum(axis=1)
    again = fine_tuned(panel_of(*walks), rnnlab.ZeroShot().network, 4, replace(FEW, steps=6))
    assert again.step == 0
    assert again.network is rnnlab.ZeroShot().network


def test_fewer_steps_where_they_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetuning, "LONGEST", 0.0)
    lines: list[str] = []
    panel = replace(panel_of(*saws()), period=4)
    found = fine_tuned(panel, zero_shot_network(), 4, replace(FEW, steps=1000), say=lines.append)
    assert max(found.errors) <= 2 * finetuning.LOOKS
    [line] = lines
    assert line.startswith("fine-tuning: ")
    assert "about" in line


def test_it_is_saved_and_loaded_as_a_folder(tmp_path: Path) -> None:
    panel = replace(panel_of(*saws()), period=4)
    found = tuned(panel)
    rnnlab.ZeroShot.of(found.network, found.step, found.errors).save(tmp_path / "own")
    y = saws()[0]
    own = rnnlab.ZeroShot(tmp_path / "own")
    assert torch.equal(own.network.head.weight, found.network.head.weight)
    by_folder, by_network, before = (
        rnnlab.forecast([y], horizon=4, period=4, network=network)["forecast"].to_numpy()
        for network in (tmp_path / "own", own, None)
    )
    assert (by_folder == by_network).all()
    assert (by_folder != before).any()


def test_bad_arguments_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"seed=-1: write a whole number"):
        rnnlab.finetune(saws(), period=4, seed=-1)
    with pytest.raises(InputError, match=r"card.json is missing: name a folder that fine-"):
        rnnlab.forecast(saws(), network=tmp_path)
