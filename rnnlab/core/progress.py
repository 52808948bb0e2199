"""Progress of long work: bars on a terminal, elsewhere a log line at least every 30 s.

    with track_progress("ets", len(series), "series") as work:
        for each in series:
            ...
            work.advance()

Tasks nest: a stage, its networks, the batches of one network. A line shows all levels:

    train airline: 7/40 networks, about 3 min left; main-7 120/160 batches, epoch 30/40, loss 0.0412

A thread writes the lines, since a single call (one fit, one epoch) may take any time. Work that
takes less than 10 s writes nothing. The bars are rich's. In a log rich writes nothing before the
end; tqdm writes nothing during a call and rewrites its line.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Lock, Thread
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
        if is_due and _log is not None:
            _log.write_line(FIRST_LINE)

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


_active: list[Work] = []
_log: "_Log | None" = None
_bars: "Progress | None" = None


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
    global _log
    work = Work(title, total, unit, left)
    _active.append(work)
    outermost = _log is None
    if _log is None:
        _log = _Log()
    try:
        with _bar(work, _log.muted):
            yield work
    finally:
        if outermost:
            _log.stop()
            _log = None
        _active.remove(work)


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
    if _log is not None:
        _log.muted = True


def format_duration(seconds: float) -> str:
    """Format a duration for people: 40 s, 12 min, 2.5 h."""
    if seconds < 95:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return f"{seconds / 60:.0f} min" if seconds < 95 * 60 else f"{seconds / 3600:.1f} h"


class _Log:
    """Writes a line at intervals, of all levels, as long as the outermost work lasts."""

    def __init__(self) -> None:
        self.muted = False
        self._ended, self._lock = Event(), Lock()
        self._started = self._last = monotonic()
        self._interval = FIRST_LINE
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def write_line(self, interval: float) -> None:
        """Write a line, unless the last is less than ``interval`` seconds old."""
        with self._lock:
            if monotonic() - self._last < interval:
                return
            self._last, self._interval = monotonic(), NEXT_LINE
            # continue even if nobody reads stderr any longer
            if not self.muted and _bars is None:
                with suppress(OSError):
                    sys.stderr.write(f"{self._line()}\n")
                    sys.stderr.flush()

    def _watch(self) -> None:
        while not self._ended.wait(max(0, self._last + self._interval - monotonic())):
            self.write_line(self._interval)

    def _line(self) -> str:
        levels = [*_active]
        outermost, *inner = map(str, levels)
        what = ["; ".join(filter(None, inner))]
        if not any(work.seconds_left() for work in levels):
            what.append(f"{format_duration(monotonic() - self._started)} so far")
        return ": ".join(filter(None, [outermost, ", ".join(filter(None, what))]))


@contextmanager
def _bar(work: Work, muted: bool) -> Iterator[None]:
    """Show a bar below those of the outer levels, if stderr is a terminal.

    It disappears when the work ends; the outermost stays if it has a status to show.
    """
    global _bars
    outermost = _bars is None
    if work.total and outermost and not muted and sys.stderr.isatty():
        _bars = _start_bars()
    bars = _bars
    if not work.total or bars is None:
        yield
        return
    bar = bars.add_task(f"{work.title} {work.unit}".strip(), total=work.total, status="")
    work._update_bar = partial(bars.update, bar)
    try:
        yield
    finally:
        if outermost:
            bars.live.transient = not work._status
            bars.stop()
            _bars = None
        else:
            bars.remove_task(bar)


def _start_bars() -> "Progress | None":
    """None on a terminal that cannot move its cursor."""
    # the import takes 0.04 s: only on a terminal
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_interactive:
        return None
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
        console=console,
        # output for a file must not go to the terminal
        redirect_stdout=False,
    )
    bars.start()
    return bars
