"""What needs a project: its parameters, and the libraries of the pipeline."""

from importlib import import_module
from types import ModuleType

from rnnlab.core.errors import InputError
from rnnlab.core.params import PARAMS_FILE, Params, load_params

# those that lie in other packages
MODULES = {
    "search": "rnnlab.search.command",
    "forecast_page": "rnnlab.report.forecast_page",
}


def project_params(wanted: str) -> Params:
    """The parameters of the project in this folder.

    Args:
        wanted: what needs them, such as ``rnnlab report``.

    Raises:
        InputError: this is no project, or a parameter is not valid.
    """
    if not PARAMS_FILE.exists():
        raise InputError(
            f"{PARAMS_FILE} is missing: {wanted} needs a project; run it in the root of a clone of "
            "the repository (git clone)"
        )
    return load_params()


def command_module(name: str) -> ModuleType:
    """The module of a command; raise InputError if a library of the pipeline is not installed."""
    try:
        return import_module(MODULES.get(name, f"rnnlab.commands.{name}"))
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name} is not installed: in the project, pip install --editable '.[pipeline]'"
        ) from None
