"""What pydantic finds wrong with ``params.yaml``, in the project's words."""

import difflib
import reprlib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

# a value may be a block of a thousand keys, or hold itself
SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxstring, SHORT.maxother = 2, 3, 3, 60, 60


def first_error(error: ValidationError, known_keys: Iterable[str]) -> str:
    """One line that names the first faulty key and the mend; ``known_keys`` are all there are."""
    faults: list[Any] = error.errors(include_url=False)
    # a misspelt key is missing too, but was meant
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    steps = [_plain(str(step)) for step in fault["loc"] if step != "[key]"]
    # after the name of a task pydantic puts its kind, which is no key of the file
    if len(steps) > 2 and steps[0] == "tasks" and steps[2] in ("images", "series"):
        del steps[2]
    key = ".".join(steps) or "tasks"
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{key}.kind: write images or series"
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key{hint(steps[-1], known_keys)}; remove or rename it"
    if fault["type"] == "missing":
        return f"{key}: is missing; add it"
    if fault["type"] == "value_error":
        return f"{key}: {fault['ctx']['error']}"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key}: {SHORT.repr(fault['input'])} won't do: {message}"


def _plain(key: str) -> str:
    return key if key.isprintable() else repr(key)


def yaml_error(error: Exception) -> str:
    """Why a file is no YAML, in one line, with the place where reading it ended."""
    mark, problem = (getattr(error, key, None) for key in ("problem_mark", "problem"))
    if mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def hint(word: str, known: Iterable[str]) -> str:
    """What ``word`` was probably meant to be, to go on with a message; empty if nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
