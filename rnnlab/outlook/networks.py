"""The networks of a task as a method of a forecast: those that are at hand, or trained here."""

import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from rnnlab.core.params import Params, SeriesTask, Train
from rnnlab.core.progress import format_duration, track_progress
from rnnlab.core.window_spec import Layout, series_card
from rnnlab.forecasting.forecaster import mean_predictor, network_forecaster
from rnnlab.forecasting.selection import History
from rnnlab.forecasting.task_settings import shorten_windows
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.samples import Samples, make_samples
from rnnlab.networks.storage import build_network, load_network, read_models
from rnnlab.outlook.methods import Method
from rnnlab.outlook.subset import Subset, subset_of
from rnnlab.series.normalization import Normalization, fit_normalization
from rnnlab.series.origins import Request
from rnnlab.series.panel import Panel, unusable_series
from rnnlab.series.windows import windows_in_part
from rnnlab.training.budget import within_steps
from rnnlab.training.device import prepare, seeded_generator
from rnnlab.training.loop import fit
from rnnlab.training.members import Recipe, train_member
from rnnlab.training.precision import choose_precision

# optimizer steps of one fit, fewer where a network reads more than 50 time steps at each: on 2
# cores the ten fits of five networks stay below five minutes
MAX_STEPS, MAX_READ = 8_000, 400_000
# windows that choose the best epoch
MAX_VALIDATED = 20_000
# steps that are timed, to tell how long the others will take
PROBED = 20


@dataclass(frozen=True)
class TaskNetworks:
    """The ensemble of a task.

    Attributes:
        chosen: fitted on the first ``ends`` values of each series; these are validated.
        final: fitted on everything by train.refit; these forecast.
        task: the settings that they were trained with.
        ends: of the training parts, [S].
    """

    chosen: list[RecurrentNetwork]
    final: list[RecurrentNetwork]
    task: SeriesTask
    ends: np.ndarray


def read_trained(name: str, device: torch.device) -> tuple[dict[str, list], dict]:
    """The networks of the task's latest fit, chosen and final, and the card that train wrote."""
    networks, card = read_models(Path("data/models") / name, name, device)
    # without a refit the year's networks saw validation as little as the chosen ones do
    chosen = networks.get("year_chosen", networks["year"])
    return {"chosen": chosen, "final": networks["year"]}, card


def network_method(panel: Panel, history: History, networks: TaskNetworks) -> Method:
    """The networks as a method: NaN where a series is too short for their windows."""
    task, lengths = networks.task, np.diff(history.offsets)

    def forecast(ends: np.ndarray, request: Request) -> np.ndarray:
        everything = bool((ends == lengths).all())
        members = networks.final if everything else networks.chosen
        # without a refit the networks know the normalization of the training part alone
        fitted = ends if task.train.refit or not everything else networks.ends
        part = usable_part(panel, history, fitted, task)
        result = np.full((len(request.origin), request.steps), np.nan)
        rows = np.flatnonzero(part.number[request.series] >= 0)
        if len(rows):
            moved = part.moved(request.select(rows), history.offsets)
            normalization = fitted_to(part, task, fitted)
            place = moved.origin - part.offsets[moved.series]
            borne = place >= normalization.first_origin(task.windows.look_back)
            moved, rows = moved.select(np.flatnonzero(borne)), rows[borne]
            ask = network_forecaster(normalization, series_card(task), part.y, part.offsets)
            result[rows] = ask(mean_predictor(members), moved)
        return result

    return forecast


def usable_part(panel: Panel, history: History, ends: np.ndarray, task: SeriesTask) -> Subset:
    """The series whose first ``ends`` [S] values bear the normalization of the task."""
    problems = unusable_series(panel, ends, task)
    kept = [number for number in range(len(panel.ids)) if number not in problems]
    return subset_of(history, np.array(kept, dtype=np.int64))


def fitted_to(part: Subset, task: SeriesTask, ends: np.ndarray) -> Normalization:
    """The normalization of the task, fitted on the first ``ends`` [S] values of the panel."""
    fitted_on = ends[part.kept]
    return fit_normalization(part.y, part.offsets, fitted_on, task.normalize, task.data.period)


def train_networks(
    task: SeriesTask, panel: Panel, history: History, ends: np.ndarray, params: Params
) -> TaskNetworks:
    """Train the ensemble of a task on all series that bear it, within ``MAX_STEPS``.

    Says on stderr how long that will take.

    Args:
        ends: of the training parts, [S]; what follows is validation.

    Raises:
        InputError: no series is long enough.
    """
    device = prepare(params)
    panel.without(unusable_series(panel, ends, task), task.data.csv)
    part = usable_part(panel, history, ends, task)
    before = fitted_to(part, task, ends)
    after = fitted_to(part, task, np.diff(history.offsets))
    task = shorten_windows(task, int(ends[part.kept].max()), before)
    recipe = choose_precision(
        Recipe(task.model, task.train, series_card(task), params.seed, device)
    )
    samples = training_samples(part.y, part.offsets, ends[part.kept], (before, after), recipe)
    recipe = bounded(recipe, samples["train"])
    samples["validation"] = limited(samples["validation"], MAX_VALIDATED, params.seed)
    task = task.model_copy(update={"train": recipe.train})
    tell_time(recipe, samples)
    return TaskNetworks(*train_ensemble(recipe, samples), task, ends)


def training_samples(
    y: np.ndarray,
    offsets: np.ndarray,
    ends: np.ndarray,
    normalizations: tuple[Normalization, Normalization],
    recipe: Recipe,
) -> dict[str, Samples]:
    """The windows of parts train, validation and refit.

    Args:
        y: series end to end, [M]; series s begins at ``offsets[s]``.
        ends: of the training parts, [S].
        normalizations: fitted on the training parts, and on everything.
    """
    before, after = normalizations
    nothing, lengths = np.zeros_like(ends), np.diff(offsets)
    wanted = {
        "train": (before, nothing, ends, True),
        "validation": (before, ends, lengths, False),
        "refit": (after, nothing, lengths, True),
    }
    layout, samples = Layout(**recipe.card["layout"]), {}
    for name, (normalization, start, end, whole) in wanted.items():
        windows = windows_in_part(y, offsets, normalization, start, end, layout, whole)
        samples[name] = make_samples(windows, recipe.card, recipe.device)
    return samples


def bounded(recipe: Recipe, samples: Samples) -> Recipe:
    """The recipe with ``train.steps`` in the place of epochs, if these take more than allowed."""
    train, layout = recipe.train, Layout(**recipe.card["layout"])
    most = min(MAX_STEPS, MAX_READ // (layout.look_back // layout.step))
    if (train.steps or train.epochs * batches_of(train, samples)) <= most:
        return recipe
    shorter = train.model_copy(update={"steps": most})
    if train.steps is None:
        epochs = within_steps(shorter, samples)[0].epochs
        patience = -(-train.patience * epochs // train.epochs)
        shorter = shorter.model_copy(update={"patience": patience})
    return replace(recipe, train=shorter)


def limited(samples: Samples, count: int, seed: int) -> Samples:
    """``count`` of the samples, drawn at random; all if there are no more."""
    if samples.count <= count:
        return samples
    chosen = np.random.default_rng(seed).choice(samples.count, count, replace=False)
    kept = torch.from_numpy(np.sort(chosen))
    return Samples(count, lambda wanted: samples.draw(kept.to(wanted.device)[wanted]))


def tell_time(recipe: Recipe, samples: dict[str, Samples]) -> None:
    """Print how long training takes at most, from a few steps of it."""
    train = recipe.train
    few = replace(samples["train"], limit=PROBED * train.batch_size)
    network = build_network(recipe.card, recipe.model).to(recipe.device)
    generator = seeded_generator(recipe.seed, "probe", 0)
    # the first steps are slow
    for _ in range(2):
        begin = perf_counter()
        fit(network, few, None, train, generator, epochs=1)
    step = (perf_counter() - begin) / batches_of(train, few)
    steps = train.ensemble * sum(
        within_steps(train, samples[name])[0].epochs
        * batches_of(train, within_steps(train, samples[name])[1])
        for name in (["train", "refit"] if train.refit else ["train"])
    )
    print(
        f"--train: {train.ensemble} networks, {steps:,} steps in all: at most about "
        f"{format_duration(step * steps)}",
        file=sys.stderr,
    )


def batches_of(train: Train, samples: Samples) -> int:
    """Optimizer steps of an epoch."""
    return -(-samples.per_epoch // train.batch_size)


def train_ensemble(
    recipe: Recipe, samples: dict[str, Samples]
) -> tuple[list[RecurrentNetwork], list[RecurrentNetwork]]:
    """Train all members on the training part and, by train.refit, on all: chosen and final."""
    members, count = [], recipe.train.ensemble
    with track_progress("", count if count > 1 else None, "networks") as networks:
        for number in range(count):
            members.append(train_member(recipe, samples, "future", number))
            networks.advance()
    load = partial(load_network, recipe.card, recipe.model, device=recipe.device)
    return [load(each.chosen) for each in members], [load(each.final) for each in members]
