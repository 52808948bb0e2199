"""Block ``zero_shot`` of ``params.yaml``: the network that stage pretrain trains."""

from typing import Annotated

from pydantic import Field

from rnnlab.core.param_types import Block, Count, FractionOrZero, NonNegative


class ZeroShotEvaluate(Block):
    synthetic_series: Annotated[int, Field(ge=10, le=100_000)]


class ZeroShotPlot(Block):
    color: str
    dpi: Annotated[int, Field(ge=50, le=400)]


class ZeroShot(Block):
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    hidden_size: Count
    decoder_size: Count
    steps: Count
    batch_size: Count
    # a period of 1 has no more steps to choose from
    steps_ahead: Annotated[int, Field(ge=1, le=64)]
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    weight_decay: NonNegative
    weight_average: FractionOrZero
    gradient_clip: NonNegative
    workers: Annotated[int, Field(ge=0, le=64)]
    evaluate: ZeroShotEvaluate
    plot: ZeroShotPlot
