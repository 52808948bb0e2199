"""The bar that training shows on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def training_bar(title: str, steps: int) -> Iterator[tuple[Callable[..., None], bool]]:
    """A bar of ``steps`` with figures and the time left, on standard error.

    Returns:
        ``update(advance=…, figures=…)``, both optional, and whether a terminal shows it: in a log
        there is no bar, and lines are the caller's to write.
    """
    console = Console(stderr=True)
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(title, total=steps, figures="")
        yield lambda **changes: bars.update(bar, **changes), console.is_terminal
