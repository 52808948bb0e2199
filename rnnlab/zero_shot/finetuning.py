"""Fine-tuning: the pretrained network goes on learning, from the past of a person's own series."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch.utils.data import Dataset

from rnnlab.core.errors import InputError
from rnnlab.core.progress import format_duration, track_progress
from rnnlab.features.context import context_length
from rnnlab.features.extraction import extract_features
from rnnlab.zero_shot.forecaster import (
    as_told,
    right_aligned,
    steps_at_once,
    trimmed,
    width_unit,
)
from rnnlab.zero_shot.network import ZeroShotNetwork
from rnnlab.zero_shot.profiles import CYCLES
from rnnlab.zero_shot.readings import Reading, show
from rnnlab.zero_shot.training import Recipe, Sample, Trainer, as_sample, draw_batches

# chosen on training parts: python -m benchmarks.panels.finetuned --training
RECIPE = Recipe(
    seed=0,
    steps=600,
    batch_size=64,
    steps_ahead=12,
    learning_rate=3e-4,
    weight_decay=0.01,
    weight_average=0.98,
    gradient_clip=1.0,
)
# times that validation looks at the network
LOOKS = 6
# steps are halved until they take no longer than so many seconds of the processor
LONGEST = 200.0
# steps that are timed, after one that is not
TIMED = 4
# a window has at least so many values before the first step
SHORTEST_PAST = 3
# pretraining draws from [seed, k] and its evaluation from [0, k, 1]: other numbers
STREAM = 2

# largest p-value of a gain over many series: 5 % of all fine-tunings, however often they look
SIGNIFICANT = 0.05 / LOOKS
# with fewer series no test is made
FEWEST_PAIRS = 8


@dataclass(frozen=True)
class Errors:
    """Of a network on validation.

    Attributes:
        halves: relative errors on the first and on the second part of it, [2].
        series: the scaled error of each series, [S]; NaN without one.
    """

    halves: np.ndarray
    series: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.halves.mean())


Score = Callable[[ZeroShotNetwork], Errors]


@dataclass(frozen=True)
class FineTuned:
    """What came of fine-tuning.

    Attributes:
        network: the best one; that of before if none was better by more than chance.
        step: at which it was the best; 0 for the network of before.
        errors: on validation by step, from 0 on; empty if there is too little to validate.
    """

    network: ZeroShotNetwork
    step: int
    errors: dict[int, float]


class SeriesBatches(Dataset):
    """Batch k has windows of series, drawn by a random generator of its own.

    Args:
        histories: [T] each, what may be learned from; NaN for missing values.
        filled: the same without gaps.
        readings: as which a batch is shown, all of it; shares: how many batches each gets, [R].
        horizon: the steps that are learned lie within it.

    Raises:
        InputError: no history is longer than the horizon.
    """

    def __init__(
        self,
        histories: Sequence[np.ndarray],
        filled: Sequence[np.ndarray],
        readings: Sequence[Reading],
        shares: np.ndarray,
        horizon: int,
        recipe: Recipe,
    ) -> None:
        self.histories, self.filled, self.recipe = histories, filled, recipe
        self.readings, self.shares = readings, shares
        self.reach = min(horizon, *(steps_at_once(reading.period) for reading in readings))
        lengths = np.array([len(y) for y in histories])
        # where windows end: in the later half, whose pasts are as long as those of forecasts
        self.last = lengths - self.reach
        self.first = np.minimum(np.maximum(SHORTEST_PAST, lengths // 2), self.last)
        if not (self.last >= SHORTEST_PAST).any():
            needed = self.reach + SHORTEST_PAST
            raise InputError(
                f"the longest series has {lengths.max()} values to learn from; fine-tuning for "
                f"{self.reach} steps needs {needed} or more: leave it, or choose a shorter horizon"
            )
        longest = max(reading.period for reading in readings)
        longer = max(reading.without for reading in readings)
        # no reading looks further back
        self.memory = max(context_length(longest), int((CYCLES + 1) * max(longer, longest)))

    def __getitem__(self, number: int) -> Sample:
        started = time.perf_counter()
        rng = np.random.default_rng([self.recipe.seed, number, STREAM])
        reading = self.readings[rng.choice(len(self.readings), p=self.shares)]
        series, ends, width = self.draw_windows(rng, reading)
        count = min(self.recipe.steps_ahead, self.reach)
        ahead = np.sort(rng.choice(self.reach, count, replace=False)) + 1
        windows = list(zip(series.tolist(), ends.tolist(), strict=True))
        past = [self._past(s, end) for s, end in windows]
        shown = show(past, reading, self.reach)
        told = as_told(shown.histories, reading.period, self.reach)
        future = np.array([self.filled[s][end + ahead - 1] for s, end in windows])
        future[shown.rooted] = np.sqrt(np.maximum(future[shown.rooted], 0))
        added = shown.ahead + told.floors[:, None] + told.season_ahead
        first, stop = trimmed(told.values, told.offsets, width)
        block = right_aligned(told.values, first, stop, width)
        with np.errstate(all="ignore"):
            features = extract_features(block, told.period, ahead)
        return as_sample(features, future - added[:, ahead - 1], started)

    def _past(self, series: int, end: int) -> np.ndarray:
        span = slice(max(0, end - self.memory), end)
        past = self.histories[series][span]
        return past if np.isfinite(past).any() else self.filled[series][span]

    def draw_windows(
        self, rng: np.random.Generator, reading: Reading
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Series [N], the ends of their pasts [N], and the width of what is read of them.

        All have at least as long a past as the first, since a forecast reads blocks of one width.
        """
        period = as_told([np.zeros(1)], reading.period, 1).period
        longest = min(context_length(period), reading.last or np.inf)
        usable = np.flatnonzero(self.last >= SHORTEST_PAST)
        series = rng.choice(usable)
        end = rng.integers(self.first[series], self.last[series] + 1)
        unit = width_unit(context_length(period))
        width = int(-(-min(end, longest) // unit) * unit)
        least = min(end, width - unit + 1)
        usable = usable[self.last[usable] >= least]
        others = rng.choice(usable, self.recipe.batch_size - 1)
        ends = rng.integers(np.maximum(self.first[others], least), self.last[others] + 1)
        return np.append(series, others), np.append(end, ends), width


def fine_tune(
    network: ZeroShotNetwork,
    batches: SeriesBatches,
    score: Score,
    least_gain: float,
    recipe: Recipe,
    say: Callable[[str], None] = lambda line: None,
) -> FineTuned:
    """Train a copy of ``network`` on ``batches``, and keep the weights with the lowest score.

    The same recipe and number of threads give the same bits, unless a processor is so slow that
    there are fewer steps.

    Args:
        least_gain: see ``is_better``; where no step is, the network stays as it is.
        say: takes a line of how long it will take.
    """
    started = _clocks()
    before = score(network)
    recipe, line = _in_time(network, batches, recipe, _clocks() - started)
    say(line)
    errors, best = {0: before.mean}, FineTuned(network, 0, {})
    for step, candidate in _candidates(network, batches, recipe):
        found = score(candidate)
        errors[step] = found.mean
        if found.mean < errors[best.step] and is_better(found, before, least_gain):
            best = FineTuned(candidate, step, {})
    return replace(best, errors=errors)


def is_better(found: Errors, before: Errors, least_gain: float) -> bool:
    """Whether errors fell in both parts of validation, and by more than chance.

    That is by the share ``least_gain``, or on so many series that Wilcoxon's signed-rank test
    (1945) of their errors finds it.
    """
    if not (found.halves < before.halves).all():
        return False
    if found.mean < (1 - least_gain) * before.mean:
        return True
    change = found.series - before.series
    change = change[np.isfinite(change) & (change != 0)]
    if len(change) < FEWEST_PAIRS:
        return False
    # this import takes half a second, and few fine-tunings need it
    from scipy.stats import wilcoxon

    return bool(wilcoxon(change, alternative="less").pvalue < SIGNIFICANT)


def _candidates(
    network: ZeroShotNetwork, batches: SeriesBatches, recipe: Recipe
) -> Iterator[tuple[int, ZeroShotNetwork]]:
    """The averaged network every few steps of training, until it ends or diverges."""
    trainer = Trainer(copy.deepcopy(network).train(), recipe)
    device = next(network.parameters()).device
    with track_progress("fine-tuning", recipe.steps, "steps") as work:
        for inputs, target, _ in draw_batches(batches, recipe, 0, device):
            trainer.take_step(inputs, target)
            work.advance()
            if trainer.step % max(1, recipe.steps // LOOKS) == 0:
                try:
                    trainer.add_row()
                except InputError:
                    return
                candidate = copy.deepcopy(network)
                candidate.load_state_dict(trainer.averaged_weights())
                yield trainer.step, candidate


def _in_time(
    network: ZeroShotNetwork, batches: SeriesBatches, recipe: Recipe, look: np.ndarray
) -> tuple[Recipe, str]:
    """The recipe with as many steps as fit into the time, and a line that says how long it takes.

    Args:
        look: seconds of a look at validation, by both clocks.
    """
    trainer = Trainer(copy.deepcopy(network).train(), recipe)
    device, seconds = next(network.parameters()).device, []
    begin = _clocks()
    for inputs, target, _ in draw_batches(batches, replace(recipe, steps=TIMED + 1), 0, device):
        trainer.take_step(inputs, target)
        seconds.append(_clocks() - begin)
        begin = _clocks()
    each, steps = np.median(seconds[1:], axis=0), recipe.steps
    # by the processor's clock, so that a busy machine takes the same steps
    while (steps * each + LOOKS * look)[1] > LONGEST and steps > LOOKS:
        steps //= 2
    expected = format_duration(float((steps * each + LOOKS * look)[0]))
    return replace(recipe, steps=steps), f"fine-tuning: {steps:,} steps, about {expected}"


def _clocks() -> np.ndarray:
    """Seconds by the clock on the wall and by that of the processor for this thread, [2]."""
    return np.array([time.perf_counter(), time.thread_time()])
