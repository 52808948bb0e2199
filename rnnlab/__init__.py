"""Forecast any series, and the library behind the pipeline's stages and the command ``rnnlab``.

    import rnnlab
    rnnlab.forecast("sales.csv")                      # or a DataFrame, a Series, arrays

The functions are imported when they are first used. Imports between packages go one way: commands →
report → plots → backtesting → forecasting, images → zero_shot → training → networks, series,
synthetic → tables → core, features.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnlab.api import backtest, finetune, forecast, plot, read_table
    from rnnlab.core.errors import InputError
    from rnnlab.core.notes import InputWarning
    from rnnlab.zero_shot.pretrained import ZeroShot

_HOMES = {
    "finetune": "rnnlab.api",
    "forecast": "rnnlab.api",
    "backtest": "rnnlab.api",
    "plot": "rnnlab.api",
    "read_table": "rnnlab.api",
    "InputError": "rnnlab.core.errors",
    "InputWarning": "rnnlab.core.notes",
    "ZeroShot": "rnnlab.zero_shot.pretrained",
}
__all__ = [
    "InputError",
    "InputWarning",
    "ZeroShot",
    "backtest",
    "finetune",
    "forecast",
    "plot",
    "read_table",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
