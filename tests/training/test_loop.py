"""The training loop: losses, schedules, early stopping, best weights."""

import pytest
import torch
from torch import Tensor, nn
from toys import everything, samples, settings, signs, sums

from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples
from rnnlab.training.device import seeded_generator
from rnnlab.training.loop import Result, Watch, fit, predict_in_batches, score
from rnnlab.training.loop import _is_best as is_best

TRAIN, VALIDATION = sums(200, 1), sums(50, 2)


def run(seed: int = 1, train: Samples = TRAIN, validation: Samples | None = VALIDATION, **options):
    """Fit a new network: the network and the result."""
    callbacks = {name: options.pop(name) for name in ("on_epoch", "on_batch") if name in options}
    epochs = options.pop("to_epoch", None)
    generator = seeded_generator(seed)
    network = RecurrentNetwork(1, 2, cell="gru", hidden_size=8)
    watch = Watch(**callbacks)
    chosen = settings(**options)
    return network, fit(network, train, validation, chosen, generator, epochs=epochs, watch=watch)


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


def flat() -> nn.Module:
    """A network that returns its input; it has a weight, which has a device."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    network[1].weight.data = torch.eye(2)
    return network


def test_score() -> None:
    network = flat()
    x = torch.tensor([[[3.0, 1.0]], [[0.0, 2.0]], [[5.0, 4.0]]])
    classes, by_loss = samples(x, torch.tensor([0, 1, 1])), settings(loss="cross_entropy")
    found = score(network, classes, by_loss, prefix="test_")
    assert found["test_accuracy"] == pytest.approx(2 / 3)
    assert set(found) == {"test_accuracy", "test_loss"}
    assert score(network, samples(x, x[:, 0] + 3), settings()) == {"loss": 9}
    pinball = settings(loss="pinball", quantile=0.9)
    assert score(network, samples(x, x[:, 0] + 3), pinball)["loss"] == pytest.approx(0.9 * 3)


def test_score_leaves_the_smoothing_of_labels_out() -> None:
    network = flat()
    x = torch.tensor([[[3.0, 1.0]], [[0.0, 2.0]]])
    classes = samples(x, torch.tensor([0, 1]))
    found = [
        score(network, classes, settings(loss="cross_entropy", label_smoothing=share))
        for share in (0.0, 0.3)
    ]
    assert found[0] == found[1]


def test_score_of_many_samples_reads_all_of_them() -> None:
    x = torch.randn(2500, 1, 2)
    drawn = []

    def draw(chosen: Tensor) -> tuple[Tensor, Tensor]:
        drawn.append(len(chosen))
        return x[chosen], x[chosen, 0] + 1

    assert score(flat(), Samples(2500, draw), settings())["loss"] == pytest.approx(1)
    assert sum(drawn) == 2500
    assert max(drawn) <= 1024


def test_answers_for_many_samples_equal_those_for_few() -> None:
    network = RecurrentNetwork(1, 2, hidden_size=4, head_dropout=0.5).train()
    x = torch.randn(1030, 3, 1)
    answers = predict_in_batches(network, x)
    assert not network.training
    torch.testing.assert_close(answers[1020:], predict_in_batches(network, x[1020:]))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_learns_sums(optimizer: str) -> None:
    rate = {"sgd": 0.2, "adam": 0.02, "adamw": 0.02}[optimizer]
    momentum = 0.9 if optimizer == "sgd" else 0.0
    _, result = run(optimizer=optimizer, learning_rate=rate, momentum=momentum, epochs=25)
    losses = [epoch["validation_loss"] for epoch in result.history]
    assert min(losses) < 0.1 * losses[0]
    assert min(losses) < 0.02


def test_learns_classes_and_accuracy_comes_before_loss() -> None:
    _, result = run(train=signs(200, 1), validation=signs(20, 3), loss="cross_entropy", epochs=25)
    ranks = [(epoch["validation_accuracy"], -epoch["validation_loss"]) for epoch in result.history]
    assert ranks.index(max(ranks)) + 1 == result.best_epoch
    assert max(ranks)[0] >= 0.9


def opposite() -> Samples:
    """What is learned on the training part is wrong here, so validation gets worse."""
    x, y = everything(VALIDATION)
    return samples(x, -y)


def test_early_stopping() -> None:
    _, result = run(validation=opposite(), epochs=40, patience=3)
    assert len(result.history) == result.best_epoch + 3 < 40
    losses = [epoch["validation_loss"] for epoch in result.history]
    assert losses.index(min(losses)) + 1 == result.best_epoch


def test_no_patience_runs_to_the_end() -> None:
    _, result = run(validation=opposite(), epochs=8)
    assert [epoch["epoch"] for epoch in result.history] == list(range(1, 9))
    assert result.best_epoch < 8


@pytest.mark.parametrize("weight_average", [0.0, 0.9])
def test_the_best_weights_are_kept(weight_average: float) -> None:
    network, result = run(validation=opposite(), epochs=8, weight_average=weight_average)
    best = result.history[result.best_epoch - 1]["validation_loss"]
    assert score(network, opposite(), settings())["loss"] > best
    network.load_state_dict(result.weights)
    assert score(network, opposite(), settings())["loss"] == pytest.approx(best, rel=1e-6)


def test_an_epoch_without_a_loss_is_not_the_best() -> None:
    unknown = {"validation_loss": float("nan")}
    assert is_best({"validation_loss": 3.0}, Result(best_epoch=1, history=[unknown]))
    assert not is_best(unknown, Result(best_epoch=1, history=[{"validation_loss": 3.0}]))


def test_without_validation_the_last_weights_are_kept() -> None:
    network, result = run(validation=None, epochs=4)
    assert result.best_epoch == 4
    assert_same(result.weights, network.state_dict())
    assert set(result.history[0]) == {"epoch", "train_loss"}


def test_validation_changes_nothing_in_the_weights() -> None:
    with_it, _ = run()
    without, _ = run(validation=None)
    assert_same(with_it.state_dict(), without.state_dict())


def test_fewer_epochs_are_the_beginning_of_more() -> None:
    """A refit of five epochs on a schedule of eight must not squeeze the schedule."""
    options = {"schedule": "one_cycle", "epochs": 8, "validation": None}
    kept = {}

    def keep(figures: dict[str, float]) -> None:
        kept[figures["epoch"]] = figures["train_loss"]

    run(on_epoch=keep, **options)
    _, short = run(to_epoch=5, **options)
    assert [epoch["train_loss"] for epoch in short.history] == [kept[n] for n in range(1, 6)]


def test_weight_average_by_hand() -> None:
    decay, weights = 0.6, []
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(5, 2))
    weights.append(network[1].weight.detach().clone())
    changes = settings(weight_average=decay, epochs=3, schedule="cosine")
    result: Result = fit(
        network,
        TRAIN,
        None,
        changes,
        torch.Generator().manual_seed(0),
        watch=Watch(on_batch=lambda: weights.append(network[1].weight.detach().clone())),
    )
    mean = weights[0]
    for number, weight in enumerate(weights[1:], start=1):
        share = min(decay, number / (number + 9))
        mean = share * mean + (1 - share) * weight
    torch.testing.assert_close(result.weights["1.weight"], mean)
    # training went on from the weights themselves
    assert torch.equal(network[1].weight, weights[-1])


def test_noise_acts_in_training_alone() -> None:
    _, quiet = run(epochs=1)
    network, noisy = run(epochs=1, input_noise=0.5)
    _, again = run(epochs=1, input_noise=0.5)
    assert noisy.history[0]["train_loss"] != quiet.history[0]["train_loss"]
    assert_same(noisy.weights, again.weights)
    x, _ = everything(TRAIN)
    assert torch.equal(predict_in_batches(network, x), predict_in_batches(network, x))


def test_half_precision_learns_and_keeps_whole_weights() -> None:
    _, result = run(precision="bfloat16", epochs=15)
    assert {weight.dtype for weight in result.weights.values()} == {torch.float32}
    losses = [epoch["validation_loss"] for epoch in result.history]
    assert min(losses) < 0.2 * losses[0]


def test_every_sample_is_read_once_an_epoch() -> None:
    seen: list[Tensor] = []
    told: list[tuple[list[int], float]] = []

    class Watch:
        def draw_matrices(
            self, sizes: list[int], generator: torch.Generator, progress: float
        ) -> Tensor:
            told.append((sizes, progress))
            return torch.zeros(sum(sizes))

        def apply(self, x: Tensor, changes: Tensor) -> Tensor:
            seen.append(x)
            return x

    fit(
        RecurrentNetwork(1, 2, hidden_size=2),
        TRAIN,
        None,
        settings(epochs=2),
        torch.Generator().manual_seed(0),
        augment=Watch(),
    )
    assert [len(batch) for batch in seen] == [*[32] * 6, 8] * 2
    # drawn once an epoch
    assert told == [([*[32] * 6, 8], 0.0), ([*[32] * 6, 8], 0.5)]
    epochs = [torch.cat(part).flatten(1) for part in (seen[:7], seen[7:])]
    assert not torch.equal(*epochs)
    x, _ = everything(TRAIN)
    for epoch in epochs:
        assert torch.equal(epoch.sum(1).sort().values, x.flatten(1).sum(1).sort().values)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_batches_are_computed_in_the_precision_asked_for(precision: str) -> None:
    network, autocast = RecurrentNetwork(1, 2, cell="gru", hidden_size=8), set()
    network.register_forward_pre_hook(
        lambda module, inputs: autocast.add(torch.is_autocast_enabled("cpu"))
    )
    fit(network, TRAIN, None, settings(precision=precision, epochs=1), torch.Generator())
    assert autocast == {precision == "bfloat16"}
