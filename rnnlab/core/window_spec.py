"""How windows are cut from series: all that a network's inputs and answers hang on."""

from dataclasses import asdict, dataclass

from rnnlab.core.params import SeriesTask


@dataclass(frozen=True)
class Layout:
    """How windows are cut: the keys of block ``windows``, and what they need of other blocks.

    Attributes:
        look_back, horizon, step, center, scale, residual: as in params.yaml.
        period: steps in a season.
        damping: of the slope, for windows of a smoothing.
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
    """What a network for the task's windows is made from."""
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
