"""Samples that are drawn by number, of images and of windows, and members trained on them."""

import numpy as np
import pytest
import torch
from committed import COMMITTED
from oracles import ragged
from toys import everything, samples

from rnnlab.core.params import Model, SeriesNormalize, Train, load_params
from rnnlab.core.window_spec import Layout, series_card
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.series.normalization import fit_normalization
from rnnlab.series.windows import windows_in_part
from rnnlab.training.loop import predict_in_batches
from rnnlab.training.members import Recipe, retrain, train_member

CPU = torch.device("cpu")
AIRLINE = load_params(COMMITTED / "params.yaml").tasks["airline"]
MODEL = Model(**{**AIRLINE.model.model_dump(), "hidden_size": 4, "zero_head": False})


def train_settings(**changes) -> Train:
    plain = {"epochs": 3, "input_noise": 0.0, "patience": 0, "ensemble": 1, "precision": "float32"}
    return Train(**{**AIRLINE.train.model_dump(), **plain, **changes})


def windows(ends: list[int]) -> tuple[Samples, dict]:
    y, offsets = ragged([60, 80], 12)
    settings = SeriesNormalize(
        method="log_exponential_smoothing", level=0.3, season=0.7, damping=0.9
    )
    normalization = fit_normalization(y, offsets, np.array(ends), settings, 12)
    card = series_card(AIRLINE)
    layout = {**card["layout"], "horizon": 6}
    card |= {"layout": layout, "outputs": 6}
    start = np.zeros(2, dtype=np.int64)
    part = windows_in_part(
        y, offsets, normalization, start, np.array(ends), Layout(**layout), whole=True
    )
    return make_samples(part, card, CPU), card


def test_images_are_drawn_by_number() -> None:
    x, y = np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.arange(6) % 3
    drawn = make_samples({"x": x, "y": y}, {"kind": "images"}, CPU)
    assert drawn.count == 6
    images, labels = drawn.draw(torch.tensor([4, 0, 4]))
    np.testing.assert_array_equal(images, x[[4, 0, 4]])
    np.testing.assert_array_equal(labels, y[[4, 0, 4]])


def test_windows_are_drawn_by_number_in_any_order() -> None:
    drawn, _ = windows([50, 64])
    x, y = everything(drawn)
    chosen = torch.tensor([drawn.count - 1, 3, 3, 0])
    for found, all_of_them in zip(drawn.draw(chosen), (x, y), strict=True):
        assert torch.equal(found, all_of_them[chosen])


def test_a_member_keeps_its_best_weights_and_those_of_the_refit() -> None:
    train, card = windows([44, 58])
    validation, _ = windows([50, 64])
    recipe = Recipe(MODEL, train_settings(refit=True), card, 1, CPU)
    parts = {"train": train, "validation": validation, "refit": validation}
    told = []
    member = train_member(recipe, parts, "main", 0, on_epoch=told.append)
    losses = [epoch["validation_loss"] for epoch in member.history]
    assert told == member.history
    assert losses.index(min(losses)) + 1 == member.best_epoch
    assert member.samples_seen == 3 * train.count + member.best_epoch * validation.count
    assert not torch.equal(member.chosen["head.weight"], member.final["head.weight"])
    again = retrain(recipe, validation, member.best_epoch, "main", 0)
    for name, weight in member.final.items():
        assert torch.equal(weight, again[name]), name


@pytest.mark.parametrize(("steps", "epochs", "batches"), [(25, 9, 3), (300, 38, 8)])
def test_a_member_takes_the_steps_that_are_given(steps: int, epochs: int, batches: int) -> None:
    """Few are parts of an epoch of 8 batches, each of other samples; many are several."""
    train, card = windows([44, 58])
    drawn = []

    def draw(chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        drawn.append(chosen)
        return train.draw(chosen)

    recipe = Recipe(MODEL, train_settings(refit=True, steps=steps, batch_size=4), card, 1, CPU)
    parts = {"train": Samples(train.count, draw), "validation": train, "refit": train}
    member = train_member(recipe, parts, "main", 0)
    assert len(member.history) == epochs
    assert len(drawn) == epochs * batches
    assert member.samples_seen == 4 * batches * (epochs + member.best_epoch)
    seen = torch.cat(drawn[:batches]).tolist()
    assert len({*seen}) == len(seen) == 4 * batches
    assert len({*torch.cat(drawn).tolist()}) > 24


def test_without_a_refit_the_chosen_weights_are_final() -> None:
    train, card = windows([44, 58])
    recipe = Recipe(MODEL, train_settings(refit=False), card, 1, CPU)
    member = train_member(recipe, {"train": train, "validation": train}, "main", 0)
    assert member.final is member.chosen
    assert member.samples_seen == 3 * train.count


@pytest.mark.parametrize(
    ("fit", "number", "seed"), [("year", 0, 1), ("main", 1, 1), ("main", 0, 2)]
)
def test_each_member_of_each_fit_has_a_seed_of_its_own(fit: str, number: int, seed: int) -> None:
    train, card = windows([44, 58])
    first, again, other = (
        retrain(Recipe(MODEL, train_settings(), card, s, CPU), train, 1, f, n)
        for f, n, s in (("main", 0, 1), ("main", 0, 1), (fit, number, seed))
    )
    assert torch.equal(first["head.weight"], again["head.weight"])
    assert not torch.equal(first["head.weight"], other["head.weight"])


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_network_learns_the_quantile_that_pinball_asks_for(quantile: float) -> None:
    draw = torch.Generator().manual_seed(0)
    x, y = torch.rand(400, 3, 1, generator=draw), torch.randn(400, 1, generator=draw)
    settings = {"loss": "pinball", "quantile": quantile, "epochs": 30, "learning_rate": 0.05}
    card = {"kind": "series", "steps": 3, "features": 1, "outputs": 1}
    card["input"] = {"shift": 0.0, "scale": 1.0}
    recipe = Recipe(MODEL, train_settings(weight_decay=0.0, **settings), card, 1, CPU)
    weights = retrain(recipe, samples(x, y), 30, "main", 0)
    network = RecurrentNetwork(1, 1, **MODEL.model_dump(), steps=3)
    network.load_state_dict(weights)
    share = (y <= predict_in_batches(network, x)).double().mean().item()
    assert share == pytest.approx(quantile, abs=0.06)
