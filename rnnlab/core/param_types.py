"""Types of the values in ``params.yaml``, each with its range, and what is said of others."""

import difflib
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

# a value may be a block of a thousand keys, or contain itself
SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxstring, SHORT.maxother = 2, 3, 3, 60, 60


FractionOrZero = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
# more than a million of anything is a typing error, and would overflow somewhere
Count = Annotated[int, Field(ge=1, le=10**6)]
CountOrZero = Annotated[int, Field(ge=0, le=10**6)]
NonNegative = Annotated[float, Field(ge=0, le=10**6)]
Tolerance = Annotated[float, Field(ge=0)]
GatedMeasure = Literal["accuracy", "macro_f1", "loss", "mape", "smape", "mase", "msis", "coverage"]
SeriesNormalization = Literal[
    "none",
    "minmax",
    "standard",
    "log",
    "log_standard",
    "log_difference",
    "log_seasonal_difference",
    "log_seasonal_and_first_difference",
    "exponential_smoothing",
    "log_exponential_smoothing",
]
CovariateEffect = Literal[
    "none", "ridge", "curved_ridge", "ridge_by_phase", "curved_ridge_by_phase"
]
# what a series task can compare its networks with; zero_shot is the network of stage pretrain, and
# fine_tuned is that network after it has learned from the task's series
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
    "fine_tuned",
]
# stages evaluate and plot take it in the place of a task
ZERO_SHOT = "zero_shot"
FINE_TUNED = "fine_tuned"


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


def first_error(error: ValidationError, known_keys: Iterable[str]) -> str:
    """One line that names the first invalid key and says how to fix it."""
    errors = error.errors(include_url=False)
    # a misspelt key also counts as missing; report the misspelling
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    steps = [_plain(str(step)) for step in first["loc"] if step != "[key]"]
    # pydantic adds the task's kind after its name, which is not a key in the file
    if len(steps) > 2 and steps[0] == "tasks" and steps[2] in ("images", "series"):
        del steps[2]
    key = ".".join(steps) or "tasks"
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{key}.kind: write images or series"
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key{hint(steps[-1], known_keys)}; remove or rename it"
    if first["type"] == "missing":
        return f"{key}: is missing; add it"
    if first["type"] == "value_error":
        return f"{key}: {first['ctx']['error']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{key}: {SHORT.repr(first['input'])} is invalid: {message}"


def _plain(key: str) -> str:
    return key if key.isprintable() else repr(key)


def yaml_error(error: Exception) -> str:
    """Why a file is not valid YAML, in one line, with the position of the error."""
    mark, problem = (getattr(error, key, None) for key in ("problem_mark", "problem"))
    if mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def hint(word: str, known: Iterable[str]) -> str:
    """A suggestion to append to a message ("; did you mean X?"); empty if no word is close."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
