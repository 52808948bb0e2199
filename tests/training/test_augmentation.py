"""Augmentation: nothing at zero, whole pixels when shifted, and the sequences' own order."""

import pytest
import torch
from torch import Tensor

from rnnlab.images.idx import as_sequences, pixel_order
from rnnlab.training.augmentation import Augmentation

NOTHING = {"rotate": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "final": 1.0}
NOTHING["interpolation"] = "bilinear"
DEFAULTS = {**NOTHING, "rotate": 10.0, "scale": 0.1, "shear": 5.0, "shift": 2.0}
AMOUNTS = ["rotate", "scale", "shear", "shift"]


def digits(rows: int = 9, columns: int = 9, count: int = 20) -> Tensor:
    """Images with a border of zeros, so that what moves out was empty."""
    images = torch.zeros(count, rows, columns, dtype=torch.uint8)
    draw = torch.Generator().manual_seed(0)
    inner = torch.randint(1, 256, (count, rows - 6, columns - 6), generator=draw)
    images[:, 3:-3, 3:-3] = inner.to(torch.uint8)
    return images


def change(
    x: Tensor, settings: dict, order: list[int] | None = None, shape=(9, 9), seed=1, progress=0.0
):
    augment = Augmentation(settings, list(shape), order, torch.device("cpu"))
    return augment.apply(
        x, augment.draw_matrices([len(x)], torch.Generator().manual_seed(seed), progress)
    )


@pytest.mark.parametrize("sequence", ["rows", "pixels", "permuted", "flat"])
@pytest.mark.parametrize("shape", [(9, 9), (8, 13)])
def test_zero_settings_change_nothing(sequence: str, shape: tuple[int, int]) -> None:
    x = torch.from_numpy(as_sequences(digits(*shape).numpy(), sequence))
    order = pixel_order(sequence, shape[0] * shape[1])
    changed = change(x, NOTHING, order, shape)
    assert changed.shape == x.shape
    assert changed.dtype == torch.float32
    torch.testing.assert_close(changed, x.float(), atol=255 * 1e-4, rtol=0)


@pytest.mark.parametrize(("vertical", "horizontal"), [(0, 1), (2, 0), (-1, 2), (0, -2)])
def test_a_pure_shift_moves_whole_pixels(
    vertical: int, horizontal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = torch.full((6, 20), 0.5)
    draws[4], draws[5] = 0.5 + horizontal / 4, 0.5 + vertical / 4
    # the draw is the one thing that has to be known beforehand
    monkeypatch.setattr(torch, "rand", lambda *size, generator: draws)
    images = digits(16, 16)
    changed = change(images, {**NOTHING, "shift": 2.0}, shape=(16, 16))
    # the grid says where to read from, so the content goes the other way
    expected = images.roll((-vertical, -horizontal), dims=(1, 2)).float()
    torch.testing.assert_close(changed, expected, atol=255 * 1e-4, rtol=0)


def test_a_shift_keeps_the_sum_and_stays_within_its_bound() -> None:
    images = digits(16, 16)
    changed = change(images, {**NOTHING, "shift": 2.0}, shape=(16, 16))
    torch.testing.assert_close(changed.sum((1, 2)), images.float().sum((1, 2)), rtol=1e-4, atol=0)
    places = torch.arange(16.0)
    for dim in (1, 2):
        old, new = (
            (i.float().sum(3 - dim) * places).sum(1) / i.float().sum((1, 2))
            for i in (images, changed)
        )
        moved = (new - old).abs()
        assert moved.max() <= 2 + 1e-3
        assert moved.max() > 1
        assert moved.unique().numel() == len(images)


def test_a_shift_is_never_over_an_eighth_of_the_image() -> None:
    images = digits(16, 16)
    wide = change(images, {**NOTHING, "shift": 9.0}, shape=(16, 16))
    torch.testing.assert_close(wide, change(images, {**NOTHING, "shift": 2.0}, shape=(16, 16)))


@pytest.mark.parametrize("sequence", ["pixels", "permuted", "flat", "rows"])
def test_the_order_of_the_sequence_is_respected(sequence: str) -> None:
    images = digits().numpy()
    order = pixel_order(sequence, 81)
    changed = change(torch.from_numpy(as_sequences(images, sequence)), DEFAULTS, order)
    as_images = change(torch.from_numpy(images), DEFAULTS)
    expected = torch.from_numpy(as_sequences(as_images.numpy(), sequence))
    torch.testing.assert_close(changed, expected)


@pytest.mark.parametrize("key", AMOUNTS)
def test_each_setting_acts_and_each_image_has_its_own_change(key: str) -> None:
    same = digits()[:1].expand(20, 9, 9)
    changed = change(same, {**NOTHING, key: DEFAULTS[key]})
    assert changed.flatten(1).unique(dim=0).shape[0] == 20
    assert changed.min() >= 0
    assert changed.max() <= 255 + 1e-3


def test_same_generator_same_change() -> None:
    assert torch.equal(change(digits(), DEFAULTS), change(digits(), DEFAULTS))
    assert not torch.equal(change(digits(), DEFAULTS), change(digits(), DEFAULTS, seed=2))


def test_quarter_turns_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = torch.full((6, 20), 0.5)
    draws[0] = 1.0
    monkeypatch.setattr(torch, "rand", lambda *size, generator: draws)
    turned = change(digits(), {**NOTHING, "rotate": 90.0})
    expected = digits().float().rot90(1, dims=(1, 2))
    torch.testing.assert_close(turned, expected, atol=0.05, rtol=0)


def test_amounts_shrink_as_training_goes_on() -> None:
    images = digits()

    def distance(progress: float, final: float) -> float:
        changed = change(images, {**DEFAULTS, "final": final}, progress=progress)
        return (changed - images.float()).abs().mean().item()

    assert distance(0.0, 0.2) > distance(0.5, 0.2) > distance(1.0, 0.2) > 1
    assert distance(0.5, 1.0) == distance(0.0, 0.2)
    assert distance(1.0, 0.0) < 0.1


@pytest.mark.parametrize(
    ("key", "own"), [("rotate", [0]), ("scale", [1, 2]), ("shear", [3]), ("shift", [4, 5])]
)
def test_each_setting_has_draws_of_its_own(
    key: str, own: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No change of one kind goes with a change of another."""

    def matrices(draws: Tensor) -> Tensor:
        monkeypatch.setattr(torch, "rand", lambda *size, generator: draws)
        augment = Augmentation({**NOTHING, key: 0.1}, [16, 16], None, torch.device("cpu"))
        return augment.draw_matrices([20], torch.Generator(), 0.0)

    one, other = torch.full((6, 20), 0.3), torch.full((6, 20), 0.9)
    mixed = one.clone()
    mixed[own] = other[own]
    torch.testing.assert_close(matrices(mixed), matrices(other))
    assert not torch.allclose(matrices(mixed), matrices(one))
    if len(own) == 2:
        half_mixed = one.clone()
        half_mixed[own[0]] = 0.9
        assert not torch.allclose(matrices(half_mixed), matrices(mixed))


def test_shear_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand", lambda *size, generator: torch.ones(6, 1))
    augment = Augmentation({**NOTHING, "shear": 45.0}, [8, 8], None, torch.device("cpu"))
    expected = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    torch.testing.assert_close(augment.draw_matrices([1], torch.Generator(), 0.0), expected)
