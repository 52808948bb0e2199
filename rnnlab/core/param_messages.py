"""Turn pydantic's validation errors for ``params.yaml`` into one-line messages."""

import difflib
import reprlib
from collections.abc import Iterable

from pydantic import ValidationError

# a value may be a block of a thousand keys, or contain itself
SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist, SHORT.maxstring, SHORT.maxother = 2, 3, 3, 60, 60


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
