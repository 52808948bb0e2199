"""Parameters: every key has a comment, every error is one line that names the key."""

from pathlib import Path
from typing import Any

import pytest
from committed import COMMITTED
from faults import fault
from helpers import edit_params, one_error_line, read_yaml, run_stage, write_yaml

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, load_params

MNIST, AIRLINE = "tasks.mnist", "tasks.airline"
BLOCK_NAMES = ("data", "normalize", "windows", "model", "train", "evaluate", "plot")
BLOCKS = ["", *(f"{task}.{block}" for task in (MNIST, AIRLINE) for block in BLOCK_NAMES)]


def leaves(tree: Any, dotted: str = "") -> list[tuple[str, int]]:
    """Every setting with its line."""
    found = []
    for key, value in tree.items():
        if hasattr(value, "lc") and hasattr(value, "items"):
            found += leaves(value, f"{dotted}{key}.")
        else:
            found.append((f"{dotted}{key}", tree.lc.key(key)[0]))
    return found


SETTINGS = leaves(read_yaml(COMMITTED / "params.yaml"))


@pytest.mark.parametrize(("key", "line"), SETTINGS, ids=[key for key, _ in SETTINGS])
def test_every_key_has_a_comment(key: str, line: int) -> None:
    lines = (COMMITTED / "params.yaml").read_text().splitlines()
    assert " # " in lines[line] or lines[line - 1].strip().startswith("# "), lines[line]


def test_the_file_holds_every_key_that_is_known() -> None:
    """No hidden defaults: params.yaml has all keys."""
    params = load_params(COMMITTED / "params.yaml")
    tree = read_yaml(COMMITTED / "params.yaml")
    for name, task in params.tasks.items():
        # what the other kind of task alone reads
        foreign = {"quantile"} if task.kind == "images" else {"augment"}
        for block in BLOCK_NAMES:
            known = set(type(getattr(task, block)).model_fields)
            assert known - foreign <= set(tree["tasks"][name][block])
    assert set(type(params.zero_shot).model_fields) == set(tree["zero_shot"])
    for name in ("evaluate", "plot"):
        known = set(type(getattr(params.zero_shot, name)).model_fields)
        assert known == set(tree["zero_shot"][name])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (f"{MNIST}.model.cell", "lstn", "'rnn', 'lstm' or 'gru'"),
        (f"{MNIST}.model.hidden_size", 0, "greater than or equal to 1"),
        (f"{MNIST}.model.hidden_size", "128", "integer"),
        (f"{MNIST}.model.hidden_size", 12.5, "integer"),
        (f"{MNIST}.model.num_layers", True, "integer"),
        (f"{MNIST}.model.num_layers", None, "integer"),
        (f"{MNIST}.model.nonlinearity", "sigmoid", "'tanh' or 'relu'"),
        (f"{MNIST}.model.bias", "yes", "boolean"),
        (f"{MNIST}.model.bias", 1, "boolean"),
        (f"{MNIST}.model.dropout", 1.0, "less than 1"),
        (f"{MNIST}.model.dropout", -0.1, "greater than or equal to 0"),
        (f"{MNIST}.model.bidirectional", "both", "boolean"),
        (f"{MNIST}.model.forget_bias", float("inf"), "finite"),
        (f"{MNIST}.normalize.method", "log_standard", "'none', 'minmax' or 'standard'"),
        (f"{MNIST}.windows.sequence", "columns", "'rows', 'pixels', 'permuted' or 'flat'"),
        (f"{MNIST}.data.dataset", 3, "string"),
        (f"{MNIST}.data.csv", "/etc/passwd", "is outside the project"),
        (f"{MNIST}.data.csv", "../secret.csv", "is outside the project"),
        (f"{MNIST}.train.learning_rate", 0, "greater than 0"),
        (f"{MNIST}.train.learning_rate", "fast", "number"),
        (f"{MNIST}.train.learning_rate", float("nan"), ""),
        (f"{MNIST}.train.optimizer", "lion", "'sgd', 'adam' or 'adamw'"),
        (f"{MNIST}.train.augment.shift", -1, "greater than or equal to 0"),
        (f"{MNIST}.train.augment.interpolation", "cubic", "'bilinear' or 'nearest'"),
        (f"{AIRLINE}.windows.look_back", -1, "greater than or equal to 1"),
        (f"{AIRLINE}.windows.horizon", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.windows.center", "median", "'none', 'mean', 'last' or 'last_period'"),
        (f"{AIRLINE}.windows.step", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.windows.scale", "range", "'none' or 'deviation'"),
        (f"{AIRLINE}.windows.residual", "naive", "'none' or 'seasonal_naive'"),
        (f"{AIRLINE}.normalize.method", "logs", "'none', 'minmax'"),
        (f"{AIRLINE}.normalize.level", 1.0, "less than 1"),
        (f"{AIRLINE}.normalize.season", -0.1, "greater than or equal to 0"),
        (f"{AIRLINE}.normalize.damping", 1.1, "less than or equal to 1"),
        (f"{AIRLINE}.data.test_steps", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.train.steps", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.train.steps", 2.5, "integer"),
        (f"{AIRLINE}.data.validation_steps", 1.5, "integer"),
        (f"{AIRLINE}.train.quantile", 0, "greater than 0"),
        (f"{AIRLINE}.train.quantile", 1.0, "less than 1"),
        (f"{AIRLINE}.evaluate.refit_every", -1, "greater than or equal to 0"),
        (f"{AIRLINE}.evaluate.baselines", "naive", "list"),
        (f"{AIRLINE}.evaluate", None, "dictionary"),
        (f"{MNIST}.evaluate.early_reading", "no", "boolean"),
        (f"{AIRLINE}.data.period", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.data.test_fraction", 1.0, "less than 1"),
        (f"{AIRLINE}.data.test_fraction", 0, "greater than 0"),
        (f"{AIRLINE}.data.csv", "", "is outside the project"),
        (f"{AIRLINE}.data.value_column", 2, "string"),
        (f"{AIRLINE}.train.epochs", 0, "greater than or equal to 1"),
        (f"{AIRLINE}.train.patience", -1, "greater than or equal to 0"),
        (f"{AIRLINE}.train.loss", "huber", "'mse', 'mae' or 'pinball'"),
        (f"{AIRLINE}.plot.dpi", 20, "greater than or equal to 50"),
        (f"{AIRLINE}.model", None, "dictionary"),
        ("datasets.small.mirrors", "http://a/", "list"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 1.5, "integer"),
        ("threads", 0, "greater than or equal to 1"),
        ("device", "gpu", "'auto', 'cpu' or 'cuda'"),
        (f"{MNIST}.train.augment.final", 1.5, "less than or equal to 1"),
        (f"{MNIST}.train.precision", "float16", "'auto', 'float32' or 'bfloat16'"),
        (f"{MNIST}.train.warm_up", 0, "greater than 0"),
        (f"{MNIST}.train.input_noise", -0.1, "greater than or equal to 0"),
        (f"{MNIST}.kind", "movies", "images"),
        (f"{MNIST}.kind", None, "images"),
        (MNIST, 3, ""),
        (MNIST, None, ""),
        ("tasks", None, ""),
        ("tasks.a b", {}, ""),
        ("tasks.zero_shot", {}, "is the name of the pretrained network"),
        ("zero_shot", None, "dictionary"),
        ("zero_shot.hidden_size", 0, "greater than or equal to 1"),
        ("zero_shot.steps", 1.5, "integer"),
        ("zero_shot.steps_ahead", 65, "less than or equal to 64"),
        ("zero_shot.learning_rate", 0, "greater than 0"),
        ("zero_shot.weight_average", 1.0, "less than 1"),
        ("zero_shot.workers", -1, "greater than or equal to 0"),
        ("zero_shot.evaluate.synthetic_series", 9, "greater than or equal to 10"),
        ("zero_shot.plot.dpi", 20, "greater than or equal to 50"),
        ("gate.accuracy", -0.1, "greater than or equal to 0"),
        ("gate.mase", "little", "number"),
        ("gate.mase", float("inf"), "finite"),
        ("gate.acuracy", 0.1, "'accuracy'"),
        ("gate", None, "dictionary"),
    ],
)
def test_wrong_values_name_their_key(project: Path, key: str, value: Any, words: str) -> None:
    edit_params(project, {key: value})
    message = fault(project)
    assert message.startswith(f"{key}: ")
    assert words in message


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        (f"{MNIST}.train.learning_rte", "learning_rate"),
        (f"{MNIST}.model.hiden_size", "hidden_size"),
        (f"{AIRLINE}.windows.lookback", "look_back"),
        ("sed", "seed"),
        *((f"{block}.zzzz".lstrip("."), "") for block in BLOCKS),
    ],
)
def test_unknown_keys_get_a_hint_if_one_is_near(project: Path, key: str, meant: str) -> None:
    edit_params(project, {key: 1})
    hint = f"; did you mean {meant}?" if meant else ""
    assert fault(project) == f"{key}: unknown key{hint}; remove or rename it"


@pytest.mark.parametrize("key", ["seed", f"{MNIST}.model.cell", f"{AIRLINE}.train", "tasks"])
def test_missing_keys(project: Path, key: str) -> None:
    params = read_yaml(project / "params.yaml")
    *blocks, last = key.split(".")
    block = params
    for name in blocks:
        block = block[name]
    del block[last]
    write_yaml(params, project / "params.yaml")
    assert fault(project) == f"{key}: is missing; add it"


@pytest.mark.parametrize("name", ["series", "images"])
def test_a_task_may_be_called_like_a_kind(project: Path, name: str) -> None:
    params = read_yaml(project / "params.yaml")
    task = params["tasks"]["airline"]
    edit_params(project, {f"tasks.{name}": task})
    assert load_params(project / "params.yaml").task(name).kind == "series"
    edit_params(project, {f"tasks.{name}.train.epochs": 0})
    assert fault(project).startswith(f"tasks.{name}.train.epochs: ")


@pytest.mark.parametrize(
    ("written", "number"),
    [("1e-05", 1e-5), ("1e-3", 1e-3), ("1E-5", 1e-5), ("1.0e-05", 1e-5), (".5", 0.5), ("1", 1.0)],
)
def test_numbers_as_they_are_written(project: Path, written: str, number: float) -> None:
    """PyYAML reads 1e-05, which `dvc exp run -S` writes, as a string."""
    path = project / "params.yaml"
    edit_params(project, {f"{MNIST}.train.learning_rate": "LR"})
    path.write_text(path.read_text().replace("learning_rate: LR", f"learning_rate: {written}"))
    rate = load_params(path).tasks["mnist"].train.learning_rate
    assert isinstance(rate, float)
    assert rate == number


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"", "has no keys"), (b"- 1\n", "has no keys"), (b"seed: [1\n", "not valid YAML"),
     (b"seed: 1\nseed: 2\n", "not valid YAML"), (b"seed:\t1\n\tx: 2\n", "not valid YAML"),
     (b"seed: \xff\xfe\n", "not valid YAML"),
     (None, "is missing: run from the root of the project")],
)  # fmt: skip
def test_files_that_hold_no_parameters(tmp_path: Path, text: bytes | None, words: str) -> None:
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(InputError, match=words) as error:
        load_params(path)
    assert str(path) in str(error.value)


def test_parameters_cannot_change_on_the_way(project: Path) -> None:
    params: Params = load_params(project / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.seed = 2


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("cell: lstn", ["tasks.mnist.model.cell", "'lstn'"]),
        ("cell: [lstm", ["params.yaml", "not valid YAML"]),
    ],
)
def test_a_stage_says_so_in_one_line(project: Path, written: str, words: list[str]) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("cell: lstm", written, 1))
    # even for another task: all parameters are checked before any work starts
    done = run_stage(project, "normalize", "airline")
    assert done.returncode == 1
    one_error_line(done.stderr, *words)
    assert not (project / "data/normalized").exists()
