"""What a search may change: keys of params.yaml with a range or choices."""

from pathlib import Path
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rnnlab.core.errors import InputError, require
from rnnlab.search.changes import SPACES, with_changes

FORMS = "write [a, b, c], {int: [low, high]} or {float: [low, high], log: true}"
SCALARS = (bool, int, float, str, type(None))

Space = dict[str, BaseDistribution]


def space_file(task: str) -> Path:
    return SPACES / f"{task}.yaml"


def read_space(task: str) -> Space:
    """The space of a task; its ends and choices are checked as params.yaml is.

    Raises:
        InputError: the file is missing, or an entry has no known form or a value not allowed.
    """
    path = require(space_file(task), f"write it, as {SPACES}/airline.yaml is written")
    try:
        entries = YAML(typ="safe").load(path)
    except YAMLError as error:
        raise InputError(f"{path}: is no valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(entries, dict) or not entries:
        raise InputError(f"{path}: is empty; write KEY: RANGE, such as a key of params.yaml")
    space = {str(key): _distribution(f"{path}: {key}", entry) for key, entry in entries.items()}
    for key, distribution in space.items():
        for value in _ends(distribution):
            try:
                with_changes({key: value})
            except InputError as error:
                raise InputError(f"{path}: {key}: {value}: {error}") from None
    return space


def _distribution(where: str, entry: Any) -> BaseDistribution:
    if isinstance(entry, list) and entry and all(isinstance(each, SCALARS) for each in entry):
        return CategoricalDistribution(entry)
    if not isinstance(entry, dict):
        raise InputError(f"{where}: {FORMS}")
    kinds = [kind for kind in ("int", "float") if kind in entry]
    others = {*entry} - {"int", "float", "log", "step"}
    if len(kinds) != 1 or others:
        raise InputError(f"{where}: {FORMS}")
    ends = entry[kinds[0]]
    numbers = (int,) if kinds[0] == "int" else (int, float)
    if (
        not isinstance(ends, list)
        or len(ends) != 2
        or not all(isinstance(end, numbers) and not isinstance(end, bool) for end in ends)
        or not ends[0] < ends[1]
    ):
        raise InputError(f"{where}: {kinds[0]}: write two numbers [low, high], the lower one first")
    options = {key: entry[key] for key in ("log", "step") if key in entry}
    make = IntDistribution if kinds[0] == "int" else FloatDistribution
    try:
        return make(*ends, **options)
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: {' '.join(str(error).split())}") from None


def _ends(distribution: BaseDistribution) -> list[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return [distribution.low, distribution.high]
