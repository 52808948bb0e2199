"""Progress of long work: bars on a terminal, elsewhere a log line at least every 30 s.

    with track_progress("ets", len(series), "series") as work:
        for each in series:
            ...
            work.advance()

Tasks nest: a stage, its networks, the batches of one network. A line shows all levels:

    train airline: 7/40 networks, about 3 min left; main-7 120/160 batches, epoch 30/40, loss 0.0412

A thread writes the lines, since a single call (one fit, one epoch) may take any time. Work that
takes less than 10 s writes nothing. Each thread reports its own work.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread, local
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Result = TypeVar("Result")

# seconds before a line; below 30, since a busy machine wakes a thread late
FIRST_LINE, NEXT_LINE = 10.0, 25.0
# seconds that are not used to estimate the speed: steps restored from a checkpoint are counted at
# once, and the first real steps are slow
WARM_UP = 1.0


class Work:
    """One level of work: its title, and how many of its ``total`` units are done."""

    def __init__(self, title: str, total: float | None, unit: str, left: str) -> None:
        self.title, self.total, self.unit, self.done = title, total, unit, 0.0
        self._left, self._status = left, ""
        self._started = self._advanced = self._status_set = monotonic()
        self._timing_start = self._started, 0.0
        self._update_bar: Callable[..., None] = lambda **changes: None

    def advance(self, count: float = 1) -> None:
        self.done += count
        self._advanced = monotonic()
        if self._advanced - self._started < WARM_UP:
            self._timing_start = self._advanced, self.done
        self._update_bar(completed=self.done)

    def set_status(self, status: str) -> None:
        """Show ``status`` from now on; in a log, at once if 10 s have passed since the last one."""
        self._status = status
        self._update_bar(status=status)
        is_due = monotonic() - self._status_set >= FIRST_LINE
        self._status_set = monotonic()
        if is_due and _here.writer is not None:
            _here.writer.write_line(FIRST_LINE)

    def seconds_left(self) -> float | None:
        """An estimate, or None if there is none yet."""
        since, before = self._timing_start
        done, took, now = self.done - before, self._advanced - since, monotonic()
        if not self.total or not self._left or min(done, took) <= 0:
            return None
        # estimate the progress of the current unit from the mean time of those before it
        done += min(1, (now - self._advanced) / (took / done))
        return (now - since) * max(0, self.total - before - done) / done

    def __str__(self) -> str:
        words = [self.title, self._status]
        if self.total is not None:
            total = f"/{self.total:,.0f}" if self.total else ""
            words[0] = f"{self.title} {self.done:,.0f}{total} {self.unit}".strip()
        if left := self.seconds_left():
            words.append(f"{self._left} {format_duration(left)} left")
        return ", ".join(filter(None, words))


class _Here(local):
    """What this thread works on.

    Attributes:
        active: its levels of work.
        writer: of its lines, if it works.
        bars: of rich, on a terminal.
        has_bars: whether a terminal gets bars; else it gets lines as a log does.
    """

    def __init__(self) -> None:
        self.active: list[Work] = []
        self.writer: _LogWriter | None = None
        self.bars: Progress | None = None
        self.has_bars = True


_here = _Here()


@contextmanager
def track_progress(
    title: str, total: float | None = None, unit: str = "", left: str = "about"
) -> Iterator[Work]:
    """Report the progress of the work in this block if it takes long.

    Args:
        total: number of units to ``advance`` by; 0 if unknown, None if nothing is counted.
        left: the words before the time left: "at most" if the work may end early, empty if units
            differ too much in time for an estimate.
    """
    work = Work(title, total, unit, left)
    _here.active.append(work)
    try:
        with _shared_log_writer(), _bar(work):
            yield work
    finally:
        _here.active.remove(work)


def collect(results: Iterable[Result], title: str, total: float, unit: str) -> list[Result]:
    """Return all ``results`` as a list; each one advances the progress by one unit."""
    found = []
    with track_progress(title, total, unit) as work:
        for result in results:
            found.append(result)
            work.advance()
    return found


def mute_progress() -> None:
    """Report nothing from this process: another one does."""
    if _here.writer is not None:
        _here.writer.muted = True


@contextmanager
def without_bars() -> Iterator[None]:
    """No bars in this block, which would come and go in a program of somebody else."""
    before, _here.has_bars = _here.has_bars, False
    try:
        yield
    finally:
        _here.has_bars = before


def format_duration(seconds: float) -> str:
    """Format a duration for people: 40 s, 12 min, 2.5 h."""
    if seconds < 95:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return f"{seconds / 60:.0f} min" if seconds < 95 * 60 else f"{seconds / 3600:.1f} h"


class _LogWriter:
    """Writes a line at intervals, as long as the outermost work lasts."""

    def __init__(self, here: _Here) -> None:
        # of the thread that works, not of the one that writes
        self._values = vars(here)
        self.muted = False
        self._ended, self._lock = Event(), Lock()
        self._started = self._last = monotonic()
        self._interval = FIRST_LINE
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def write_line(self, interval: float) -> None:
        """Write a line, unless the last is less than ``interval`` seconds old."""
        with self._lock:
            if monotonic() - self._last < interval:
                return
            self._last, self._interval = monotonic(), NEXT_LINE
            # continue even if nobody reads stderr any longer
            if not self.muted and self._values["bars"] is None:
                with suppress(OSError):
                    sys.stderr.write(f"{self._line()}\n")
                    sys.stderr.flush()

    def _watch(self) -> None:
        while not self._ended.wait(max(0, self._last + self._interval - monotonic())):
            self.write_line(self._interval)

    def _line(self) -> str:
        levels = [*self._values["active"]]
        outermost, *inner = map(str, levels)
        what = ["; ".join(filter(None, inner))]
        if not any(work.seconds_left() for work in levels):
            what.append(f"{format_duration(monotonic() - self._started)} so far")
        return ": ".join(filter(None, [outermost, ", ".join(filter(None, what))]))


@contextmanager
def _shared_log_writer() -> Iterator[None]:
    """One log writer for all levels."""
    if _here.writer is not None:
        yield
        return
    _here.writer = _LogWriter(_here)
    try:
        with _here.writer:
            yield
    finally:
        _here.writer = None


@contextmanager
def _bar(work: Work) -> Iterator[None]:
    """Show a bar below those of the outer levels, if stderr is a terminal.

    It disappears when the work ends; the outermost stays if it has a status to show.
    """
    shown = _here.has_bars and not (_here.writer is not None and _here.writer.muted)
    bars = _here.bars or (_new_bars() if work.total and shown and sys.stderr.isatty() else None)
    if not work.total or bars is None:
        yield
        return
    outermost = _here.bars is None
    if outermost:
        _here.bars = bars
        bars.start()
    bar = bars.add_task(f"{work.title} {work.unit}".strip(), total=work.total, status="")
    work._update_bar = lambda **changes: bars.update(bar, **changes)
    try:
        yield
    finally:
        if outermost:
            bars.live.transient = not work._status
            bars.stop()
            _here.bars = None
        else:
            bars.remove_task(bar)


def _new_bars() -> "Progress | None":
    """None on a terminal that cannot move its cursor."""
    # the import takes a tenth of a second: only on a terminal
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_interactive:
        return None
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
        console=console,
        # output for a file must not go to the terminal
        redirect_stdout=False,
    )
