"""Changes of parameters, as ``dvc exp run -S`` makes them."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rnnlab.core.errors import InputError
from rnnlab.core.params import PARAMS_FILE, Params, load_params

# what a search of each task may change
SPACES = Path("experiments/search")
# dotted keys of params.yaml, and their values
Changes = dict[str, Any]


def assignments(changes: Changes) -> list[str]:
    """``changes`` as ``dvc exp run -S`` takes them."""
    return [f"{key}={json.dumps(value)}" for key, value in changes.items()]


def with_changes(changes: Changes) -> Params:
    """The parameters that ``dvc exp run`` makes of this project's and ``changes``.

    Raises:
        InputError: a value is not allowed, or there is no such key.
    """
    # it takes half a second to import
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(PARAMS_FILE, folder))
        try:
            apply_overrides(path, assignments(changes))
        except DvcException as error:
            line = " ".join(str(error.__cause__ or error).split())
            raise InputError(f"{PARAMS_FILE}: {line}") from None
        return load_params(path)
