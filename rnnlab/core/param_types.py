"""Types of the values in ``params.yaml``, each with its range."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FractionOrZero = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
# more than a million of anything is a typing error, and would overflow somewhere
Count = Annotated[int, Field(ge=1, le=10**6)]
CountOrZero = Annotated[int, Field(ge=0, le=10**6)]
NonNegative = Annotated[float, Field(ge=0, le=10**6)]
Tolerance = Annotated[float, Field(ge=0)]
GatedMeasure = Literal["accuracy", "macro_f1", "loss", "mape", "smape", "mase", "msis", "coverage"]
# what a series task can compare its networks with; zero_shot is the network of stage pretrain
Method = Literal[
    "naive",
    "seasonal_naive",
    "naive2",
    "last_growth",
    "drift",
    "holt_winters",
    "ets",
    "sarima",
    "theta",
    "zero_shot",
]
# stages evaluate and plot take it in the place of a task
ZERO_SHOT = "zero_shot"


def inside_project(path: str) -> str:
    if not path or Path(path).is_absolute() or ".." in Path(path).parts or path.startswith("~"):
        raise ValueError(f"{path!r} is outside the project; copy the file into data/raw/")
    return path


ProjectPath = Annotated[str, AfterValidator(inside_project)]


def check_chrono(steps: int) -> int:
    if steps == 1:
        raise ValueError("a memory of 1 step has no effect; write 0 for none, or 2 or more")
    return steps


def check_task_name(name: str) -> str:
    if name == ZERO_SHOT:
        raise ValueError("is the name of the pretrained network; choose another name")
    return name


TaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$"), AfterValidator(check_task_name)]


class Block(BaseModel):
    """A block of ``params.yaml``: no unknown keys, no silent conversions, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
