"""How long training takes: train.epochs, or train.steps where they are given."""

from dataclasses import replace

from rnnlab.core.params import Train
from rnnlab.networks.samples import Samples

# validation scores the network as often, and patience counts these stretches
EPOCHS_OF_STEPS = 10


def within_steps(
    settings: Train, samples: Samples, epochs: int | None = None
) -> tuple[Train, Samples]:
    """The settings with as many epochs as ``settings.steps`` take; unchanged without steps.

    An epoch draws all samples, or a tenth of all steps' batches if there are more: of a large panel
    most windows are never drawn.

    Args:
        epochs: how many are trained, where an earlier run said so; the schedule holds as many.
    """
    if settings.steps is None:
        return settings, samples
    every = -(-settings.steps // EPOCHS_OF_STEPS)
    batches = min(every, -(-samples.count // settings.batch_size))
    count = max(-(-settings.steps // batches), epochs or 1)
    limited = replace(samples, limit=every * settings.batch_size)
    return settings.model_copy(update={"epochs": count}), limited
