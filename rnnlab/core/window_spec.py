"""How windows are cut: the settings that determine a network's inputs and outputs."""

from dataclasses import asdict, dataclass

from rnnlab.core.params import SeriesTask


@dataclass(frozen=True)
class Layout:
    """The keys of block ``windows``, and the keys of other blocks that windows need.

    Attributes:
        look_back, horizon, step, center, scale, residual: as in params.yaml.
        period: steps in a season.
        damping: damping of the slope, for exponential smoothing.
    """

    look_back: int
    horizon: int
    step: int
    center: str
    scale: str
    residual: str
    period: int
    damping: float


def series_card(task: SeriesTask) -> dict:
    """The settings from which a network for the task's windows is built."""
    windows = task.windows
    layout = Layout(**windows.model_dump(), period=task.data.period, damping=task.normalize.damping)
    return {
        "kind": "series",
        "steps": windows.look_back // windows.step,
        "features": windows.step,
        "outputs": windows.horizon,
        "layout": asdict(layout),
        "input": {"shift": 0.0, "scale": 1.0},
    }
