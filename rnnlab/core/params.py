"""All parameters of the pipeline: read from ``params.yaml`` and validated before work starts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator
from ruamel.yaml import YAML, YAMLError

from rnnlab.core.errors import InputError
from rnnlab.core.param_types import (
    Block,
    Count,
    CountOrZero,
    CovariateEffect,
    Fraction,
    FractionOrZero,
    GatedMeasure,
    Method,
    NonNegative,
    ProjectPath,
    SeriesNormalization,
    TaskName,
    Tolerance,
    check_chrono,
    first_error,
    hint,
    yaml_error,
)
from rnnlab.core.zero_shot_params import ZeroShot

PARAMS_FILE = Path("params.yaml")


class DatasetFiles(Block):
    mirrors: list[str]
    md5: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]]


class ImagesData(Block):
    dataset: str
    csv: ProjectPath
    validation_images: Count


class SeriesData(Block):
    csv: ProjectPath
    period: Count
    test_fraction: Fraction
    validation_fraction: Fraction
    test_steps: Count | None = None
    validation_steps: Count | None = None
    id_column: str | None = None
    time_column: str | None = None
    value_column: str | None = None
    # optional: older parameter files lack these keys
    known: list[str] = Field(default_factory=list)
    holidays: str | None = None


class ImagesNormalize(Block):
    method: Literal["none", "minmax", "standard"]


class SeriesNormalize(Block):
    method: SeriesNormalization
    level: FractionOrZero
    season: FractionOrZero
    damping: Annotated[float, Field(ge=0, le=1)]
    # optional: older models and parameter files lack this key
    covariates: CovariateEffect = "none"


class ImagesWindows(Block):
    sequence: Literal["rows", "pixels", "permuted", "flat"]


class SeriesWindows(Block):
    look_back: Count
    horizon: Count
    step: Count
    center: Literal["none", "mean", "last", "last_period"]
    scale: Literal["none", "deviation"]
    residual: Literal["none", "seasonal_naive"]


class Model(Block):
    """Arguments of torch.nn.RNN, LSTM and GRU, and of the linear head."""

    cell: Literal["rnn", "lstm", "gru"]
    hidden_size: Count
    num_layers: Count
    nonlinearity: Literal["tanh", "relu"]
    bias: bool
    dropout: FractionOrZero
    bidirectional: bool
    pooling: Literal["last", "mean", "max"]
    head_dropout: FractionOrZero
    forget_bias: Annotated[float, Field(ge=-100, le=100)]
    # optional: older models and parameter files lack this key
    chrono: Annotated[CountOrZero, AfterValidator(check_chrono)] = 0
    orthogonal: bool
    zero_head: bool
    shortcut: bool = False


class Augment(Block):
    rotate: Annotated[float, Field(ge=0, le=180)]
    scale: FractionOrZero
    shear: Annotated[float, Field(ge=0, lt=45)]
    shift: NonNegative
    final: Annotated[float, Field(ge=0, le=1)]
    # optional: older models and parameter files lack this key
    interpolation: Literal["bilinear", "nearest"] = "bilinear"


class Train(Block):
    loss: Literal["cross_entropy", "mse", "mae", "pinball"]
    quantile: Fraction = 0.5
    optimizer: Literal["sgd", "adam", "adamw"]
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    momentum: FractionOrZero
    weight_decay: NonNegative
    schedule: Literal["constant", "cosine", "one_cycle"]
    warm_up: Fraction
    epochs: Count
    # optional: older models and parameter files lack this key
    steps: Count | None = None
    batch_size: Count
    # optional: older models and parameter files lack this key
    processes: Annotated[int, Field(ge=1, le=256)] = 1
    gradient_clip: NonNegative
    label_smoothing: FractionOrZero
    weight_average: FractionOrZero
    input_noise: NonNegative
    precision: Literal["auto", "float32", "bfloat16"]
    patience: CountOrZero
    refit: bool
    ensemble: Count
    augment: Augment | None = None


class ImagesEvaluate(Block):
    early_reading: bool


class SeriesEvaluate(Block):
    baselines: list[Method]
    refit_every: CountOrZero


class ImagesTask(Block):
    kind: Literal["images"]
    data: ImagesData
    normalize: ImagesNormalize
    windows: ImagesWindows
    model: Model
    train: Train
    evaluate: ImagesEvaluate
    plot: "ImagesPlot"

    @model_validator(mode="after")
    def _loss_names_classes(self) -> "ImagesTask":
        if self.train.loss != "cross_entropy":
            raise ValueError(f"train.loss {self.train.loss} is for series; write cross_entropy")
        if self.train.refit:
            raise ValueError("train.refit is for series; write false")
        if self.model.shortcut:
            raise ValueError("model.shortcut is for series; write false")
        return self


class SeriesTask(Block):
    kind: Literal["series"]
    data: SeriesData
    normalize: SeriesNormalize
    windows: SeriesWindows
    model: Model
    train: Train
    evaluate: SeriesEvaluate
    plot: "SeriesPlot"

    @model_validator(mode="after")
    def _loss_measures_numbers(self) -> "SeriesTask":
        if self.train.loss == "cross_entropy":
            raise ValueError("train.loss cross_entropy is for images; write mse or mae")
        if self.train.augment is not None:
            raise ValueError("train.augment is for images; remove the key")
        return self

    @model_validator(mode="after")
    def _effect_has_covariates(self) -> "SeriesTask":
        form, data = self.normalize.covariates, self.data
        if form != "none" and not (data.known or data.holidays):
            raise ValueError(f"normalize.covariates {form} needs data.known or data.holidays")
        return self

    @model_validator(mode="after")
    def _windows_fit_together(self) -> "SeriesTask":
        windows = self.windows
        if windows.look_back % windows.step:
            raise ValueError(
                f"windows.look_back {windows.look_back} is not a multiple of windows.step "
                f"{windows.step}; write a multiple"
            )
        shortest = self.data.period if windows.residual == "seasonal_naive" else 1
        if windows.look_back < shortest:
            raise ValueError(
                f"windows.look_back {windows.look_back} is shorter than data.period {shortest}, "
                "which windows.residual seasonal_naive needs; write a larger one"
            )
        if windows.scale == "deviation" and windows.look_back < 2:
            raise ValueError("windows.scale deviation needs a windows.look_back of 2 or more")
        if self.normalize.method.endswith("exponential_smoothing"):
            for key in ("center", "scale", "residual"):
                if getattr(windows, key) != "none":
                    raise ValueError(
                        f"windows.{key} does not work with normalize.method "
                        f"{self.normalize.method}, "
                        "which sets the level of each window itself; write none"
                    )
        return self


class ImagesPlot(Block):
    color: str
    dpi: Annotated[int, Field(ge=50, le=400)]
    sheet: Count


class SeriesPlot(Block):
    unit: str
    color: str
    dpi: Annotated[int, Field(ge=50, le=400)]


Task = Annotated[ImagesTask | SeriesTask, Field(discriminator="kind")]


class Params(Block):
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    threads: Annotated[int, Field(ge=1, le=256)]
    device: Literal["auto", "cpu", "cuda"]
    deterministic: bool
    # how much worse a score may be, by measure; measures that are not named are not checked
    gate: dict[GatedMeasure, Tolerance]
    datasets: dict[str, DatasetFiles]
    tasks: dict[TaskName, Task]
    zero_shot: ZeroShot

    def require_task(self, name: str, also: tuple[str, ...] = ()) -> None:
        """Raise InputError if ``name`` is neither a key of tasks nor one of ``also``."""
        if name not in also:
            self.task(name)

    def task(self, name: str) -> ImagesTask | SeriesTask:
        """Return the task ``name``; raise InputError with a suggestion if it is unknown."""
        if name not in self.tasks:
            raise InputError(f"{PARAMS_FILE}: tasks.{name}: no such task{hint(name, self.tasks)}")
        return self.tasks[name]

    def images(self, name: str) -> ImagesTask:
        """Return the images task ``name``; raise InputError if it is not an images task."""
        task = self.task(name)
        if not isinstance(task, ImagesTask):
            raise InputError(f"{PARAMS_FILE}: tasks.{name}.kind: is series; name an images task")
        return task

    def series(self, name: str) -> SeriesTask:
        """Return the series task ``name``; raise InputError if it is not a series task."""
        task = self.task(name)
        if not isinstance(task, SeriesTask):
            raise InputError(f"{PARAMS_FILE}: tasks.{name}.kind: is images; name a series task")
        return task


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check ``path``.

    Raises:
        InputError: the file is missing or not valid YAML, or a key is unknown, missing, of the
            wrong type or out of range. The message names the first such key.
    """
    try:
        # ruamel reads 1e-05 as a number, as YAML 1.2 defines; PyYAML reads it as a string
        loaded = YAML(typ="safe", pure=True).load(path)
    except FileNotFoundError:
        raise InputError(f"{path} is missing: run from the root of the project") from None
    except (YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
        # ruamel raises the other types for invalid tags and keys and for deep nesting
        raise InputError(f"{path}: is not valid YAML: {yaml_error(error)}") from None
    if not isinstance(loaded, dict):
        raise InputError(f"{path}: has no keys; restore it with `git checkout {path}`")
    try:
        return Params.model_validate(loaded)
    except ValidationError as error:
        raise InputError(f"{path}: {first_error(error, _known_keys())}") from None


def _known_keys() -> list[str]:
    return sorted({key for block in Block.__subclasses__() for key in block.model_fields})
