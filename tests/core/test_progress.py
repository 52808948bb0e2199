"""Progress of long work: with a fake clock, in a real pipe and on a terminal."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from helpers import ROOT, on_a_terminal

from rnnlab.core import progress
from rnnlab.core.progress import collect, format_duration, mute_progress, track_progress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "monotonic", made)
    return made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    return lambda: capsys.readouterr().err.splitlines()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_LINE", 0.05)
    monkeypatch.setattr(progress, "NEXT_LINE", 0.1)


def test_short_work_says_nothing(clock: Clock, said: Callable[[], list[str]]) -> None:
    with track_progress("train mnist"), track_progress("main", 100, "batches") as work:
        for epoch in range(9):
            clock.now += 1
            work.advance(10)
            work.set_status(f"epoch {epoch}")
    assert said() == []


@pytest.mark.parametrize(("seconds", "told"), [(6, []), (12, [1, 2, 3, 4, 5])])
def test_slow_epochs_have_their_lines_and_quick_ones_do_not_flood(
    clock: Clock, said: Callable[[], list[str]], seconds: float, told: list[int]
) -> None:
    """Quick epochs rely on the thread's line every 25 s, which is not due here."""
    with track_progress("train mnist"), track_progress("main", 500, "batches", "at most") as work:
        for epoch in range(1, 6):
            for _ in range(100):
                clock.now += seconds / 100
                work.advance()
            work.set_status(f"epoch {epoch}/5, loss 0.5")
    lines = said()
    assert [int(line.split("epoch ")[1][0]) for line in lines] == told
    if told:
        assert lines[1] == (
            "train mnist: main 200/500 batches, epoch 2/5, loss 0.5, at most 40 s left"
        )
        assert lines[4] == "train mnist: main 500/500 batches, epoch 5/5, loss 0.5, 60 s so far"


def test_the_time_left_counts_what_is_under_way(clock: Clock) -> None:
    with track_progress("networks", 5) as work:
        clock.now += 40
        work.advance()
        assert work.seconds_left() == pytest.approx(160)
        clock.now += 30
        assert work.seconds_left() == pytest.approx(130)
        clock.now += 50  # longer than the first
        assert work.seconds_left() == pytest.approx(180)


def test_what_a_checkpoint_had_says_nothing_of_the_speed(clock: Clock) -> None:
    with track_progress("main", 1000, "batches") as work:
        work.advance(900)
        assert work.seconds_left() is None
        clock.now += 20
        work.advance(50)
        assert work.seconds_left() == pytest.approx(20)


def test_levels_are_shown_from_the_outermost_in(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    with track_progress("evaluate m4"), track_progress("", 9, "baselines", left="") as baselines:
        clock.now += 5
        baselines.advance(6)
        with track_progress("ets", 756, "series") as work:
            clock.now += 10
            work.set_status("")
            clock.now += 15
            work.advance(120)
            work.set_status("")
        clock.now += 10
        baselines.set_status("")
    assert said() == [
        "evaluate m4: 6/9 baselines; ets 0/756 series, 20 s so far",
        "evaluate m4: 6/9 baselines; ets 120/756 series, about 2 min left",
        "evaluate m4: 6/9 baselines, 40 s so far",
    ]


def test_what_is_not_counted_or_has_no_known_end(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    with track_progress("download_mnist"), track_progress("", None, "networks") as networks:
        networks.advance()
        with track_progress("train-images", 0, "KiB") as work:
            clock.now += 20
            work.advance(1500.4)
            work.set_status("")
    assert said() == ["download_mnist: train-images 1,500 KiB, 20 s so far"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "10 s"), (44, "40 s"), (94, "90 s"), (96, "2 min"), (5600, "93 min"), (9000, "2.5 h")],
)
def test_times_as_people_say_them(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


@pytest.mark.usefixtures("hurried")
def test_one_long_call_has_its_lines_and_none_after_it(said: Callable[[], list[str]]) -> None:
    threads = threading.active_count()

    def stopped() -> None:
        with track_progress("evaluate m4"), track_progress("sarima", 3, "series"):
            time.sleep(0.4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert threading.active_count() == threads
    lines = said()
    assert 2 <= len(lines) <= 4
    assert set(lines) == {"evaluate m4: sarima 0/3 series, 10 s so far"}
    time.sleep(0.2)
    assert said() == []
    with track_progress("normalize m4"):
        time.sleep(0.1)
    assert said() == ["normalize m4: 10 s so far"]


@pytest.mark.usefixtures("hurried")
def test_only_one_of_several_processes_reports(said: Callable[[], list[str]]) -> None:
    with track_progress("train mnist"):
        mute_progress()
        time.sleep(0.2)
    assert said() == []
    with track_progress("train mnist"):
        time.sleep(0.1)
    assert len(said()) == 1


def test_results_come_back_in_order_counted_as_they_come(
    clock: Clock, said: Callable[[], list[str]]
) -> None:
    with track_progress("forecast") as outer:

        def results() -> Iterator[int]:
            for number in range(4):
                clock.now += 10
                outer.set_status("")
                yield number

        assert collect(results(), "ets", 4, "series") == [0, 1, 2, 3]
    assert said() == [
        "forecast: ets 0/4 series, 10 s so far",
        "forecast: ets 1/4 series, about 20 s left",
        "forecast: ets 2/4 series, about 10 s left",
        "forecast: ets 3/4 series, 40 s so far",
    ]


PROGRAM = """
import sys, time
from rnnlab.core import progress
progress.FIRST_LINE, progress.NEXT_LINE, progress.WARM_UP = 0.2, 0.3, 0
with progress.track_progress("forecast"), progress.track_progress("ets", 20, "series") as work:
    for number in range(20):
        time.sleep(0.05)
        work.advance()
        work.set_status(f"series {number}")
"""


def test_a_pipe_gets_plain_lines_while_the_work_goes_on() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    first = process.stderr.readline()
    assert process.poll() is None
    lines = [first, *process.stderr]
    assert process.wait() == 0
    assert 2 <= len(lines) <= 6
    for line in lines:
        assert line.startswith("forecast: ets ")
        assert "/20 series, series " in line
        assert "\x1b" not in line


def test_work_goes_on_where_nobody_reads_any_longer() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + "print('done')"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stderr.close()
    assert process.stdout.read() == "done\n"


@pytest.mark.skipif(os.name != "posix", reason="opens a terminal of its own")
def test_a_terminal_has_a_bar_and_no_lines() -> None:
    shown = on_a_terminal(ROOT, "stderr", "-c", PROGRAM, COLUMNS="120")
    assert "━" in shown
    assert "series 19" in shown
    assert "forecast: " not in shown


def test_each_thread_reports_its_own_work(hurried: None, said: Callable[[], list[str]]) -> None:
    barrier = threading.Barrier(2)

    def work(name: str, seconds: float) -> None:
        with track_progress(name), track_progress("part of " + name, 9, "parts") as part:
            barrier.wait()
            part.advance()
            time.sleep(seconds)

    threads = [threading.Thread(target=work, args=each) for each in (("short", 0.1), ("long", 0.4))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = said()
    assert any(line.startswith("long: part of long 1/9") for line in lines)
    assert not [line for line in lines if "short" in line and "long" in line]


def test_there_are_no_bars_in_a_program_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    made = []
    monkeypatch.setattr(progress, "_new_bars", lambda: made.append(1))
    with progress.without_bars(), track_progress("all", 3, "parts"):
        assert made == []
    with track_progress("all", 3, "parts"):
        assert made == [1]
