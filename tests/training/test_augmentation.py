"""Augmentation: nothing at zero, whole pixels when shifted, the sequences' order, and its harm."""

import pytest
import torch
from torch import Tensor
from toys import everything, samples, settings

from rnnlab.core.params import Augment
from rnnlab.images.idx import as_sequences, pixel_order
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples
from rnnlab.training import loop
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import fit, score

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


def augmentation(settings: dict, shape: list[int], order: list[int] | None = None) -> Augmentation:
    """Also with amounts that params.yaml can't hold."""
    return Augmentation(Augment.model_construct(**settings), shape, order, torch.device("cpu"))


def change(
    x: Tensor, settings: dict, order: list[int] | None = None, shape=(9, 9), seed=1, progress=0.0
):
    augment = augmentation(settings, list(shape), order)
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
        augment = augmentation({**NOTHING, key: 0.1}, [16, 16])
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
    augment = augmentation({**NOTHING, "shear": 45.0}, [8, 8])
    expected = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    torch.testing.assert_close(augment.draw_matrices([1], torch.Generator(), 0.0), expected)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("sequence", ["rows", "permuted"])
def test_an_image_that_is_moved_by_nothing_scores_as_it_is(
    sequence: str, interpolation: str
) -> None:
    images, order = digits(8, 8, 200), pixel_order(sequence, 64)
    x = torch.from_numpy(as_sequences(images.numpy(), sequence))
    train, moves = samples(x, (images[:, 3, 3] > 128).long()), {**DEFAULTS, "rotate": 5.0}
    augment = augmentation({**moves, "interpolation": interpolation}, [8, 8], order)
    network = RecurrentNetwork(x.shape[2], 2, hidden_size=8, shift=64.0, scale=64.0)
    chosen = settings(loss="cross_entropy", epochs=3)
    fit(network, train, train, chosen, torch.Generator().manual_seed(1), augment)
    nothing = augmentation({**NOTHING, "interpolation": interpolation}, [8, 8], order)
    unmoved = nothing.apply(x, nothing.draw_matrices([len(x)], torch.Generator(), 0.0))
    # the pixels of 8 lie where floating-point numbers are exact
    assert torch.equal(unmoved, x.float())
    _, y = everything(train)
    assert score(network, samples(unmoved, y), chosen) == score(network, train, chosen)


def test_the_nearest_pixel_adds_no_values() -> None:
    images = digits(16, 16)
    levels = set(images.unique().tolist())
    nearest = change(images, {**DEFAULTS, "interpolation": "nearest"}, shape=(16, 16))
    assert set(nearest.unique().tolist()) <= levels
    assert not torch.equal(nearest, images.float())
    assert not set(change(images, DEFAULTS, shape=(16, 16)).unique().tolist()) <= levels


def test_matrices_of_an_epoch_are_those_of_its_batches() -> None:
    augment = augmentation(DEFAULTS, [8, 8])
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    batches = [augment.draw_matrices([size], one, 0.5) for size in (5, 5, 2)]
    assert torch.equal(augment.draw_matrices([5, 5, 2], other, 0.5), torch.cat(batches))


def boards(count: int, seed: int) -> Samples:
    """Checkerboards, light or dark at the corner; the class is their contrast.

    Interpolation between pixels takes contrast away, so images as they are look like another class.
    """
    draw = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (count,), generator=draw)
    places = torch.arange(16)
    board = (places[:, None] + places) % 2 * 2 - 1
    sign = torch.randint(0, 2, (count, 1, 1), generator=draw) * 2 - 1
    return samples((128 + sign * board * (60 + 60 * y)[:, None, None]).to(torch.uint8), y)


def fit_boards(interpolation: str, **changes) -> dict[str, Tensor]:
    generator = seeded_generator(1)
    network = RecurrentNetwork(16, 2, cell="gru", hidden_size=16, shift=128.0, scale=60.0)
    amounts = {**NOTHING, "shift": 2.0, "interpolation": interpolation}
    return fit(
        network,
        boards(400, 1),
        boards(100, 2),
        settings(loss="cross_entropy", epochs=8, learning_rate=0.01, **changes),
        generator,
        augmentation(amounts, [16, 16]),
    ).weights


def test_augmentation_that_harms_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    fit_boards("bilinear")
    lines = capsys.readouterr().err.splitlines()
    # early, and at the end
    assert [line.partition(":")[2].partition(":")[0] for line in lines] == [" epoch 2", " epoch 8"]
    for line in lines:
        assert line.startswith("warning: ")
        assert "train.augment harms: the loss of training images is" in line
        assert "write interpolation: nearest" in line


def test_augmentation_that_does_no_harm_is_not_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fit_boards("nearest")
    assert capsys.readouterr().err == ""


def test_the_check_of_augmentation_changes_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = fit_boards("bilinear", input_noise=1.0)
    monkeypatch.setattr(loop, "warn_of_augmentation", lambda *arguments: None)
    for name, weight in fit_boards("bilinear", input_noise=1.0).items():
        assert torch.equal(weight, checked[name])
