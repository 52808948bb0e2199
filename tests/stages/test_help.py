"""Each stage as a command: its help, its exit codes, and what it writes to logs and terminals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import (
    CHAIN,
    STAGES,
    Done,
    edit_params,
    one_error_line,
    run_stage_here,
    small_environment,
)


@pytest.mark.parametrize("stage", STAGES)
def test_help_says_what_is_read_written_and_needed(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(project.rglob("*"))
    assert run_stage_here(project, stage, "--help") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for word in ("usage: ", "Reads: ", "Writes: ", "Needs: ", "Exit codes: "):
        assert word in printed.out
    assert max(map(len, printed.out.splitlines())) <= 100
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_wrong_command_line_is_exit_code_2(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, stage, "--no-such-option") == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("stage", CHAIN)
@pytest.mark.parametrize("words", [[], ["mnist", "airline"]], ids=["no task", "two tasks"])
def test_a_stage_takes_one_task(
    project: Path, stage: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, stage, *words) == 2
    assert "usage: " in capsys.readouterr().err


def test_ctrl_c_is_130_and_one_line(project: Path) -> None:
    """A real signal, while a real stage waits for a mirror that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        edit_params(project, {"datasets.small.mirrors": [address]})
        process = subprocess.Popen(
            [sys.executable, "-m", "stages.download_mnist"],
            cwd=project,
            env=small_environment(no_proxy="127.0.0.1"),
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert time.monotonic() - started < 10
    one_error_line(error, "stopped", "dvc repro")
    assert not (project / "data/raw/mnist").exists()


def test_logs_have_no_bars_and_no_escapes(finished: tuple[Path, Done]) -> None:
    """All stages of both tasks, whose output went to pipes."""
    for done in finished[1].values():
        for text in (done.stdout, done.stderr):
            assert "\x1b" not in text
            assert "\r" not in text
            assert "━" not in text


@pytest.mark.skipif(os.name != "posix", reason="opens a terminal of its own")
@pytest.mark.parametrize("color", [True, False])
def test_a_terminal_has_colors_unless_no_color_is_set(copy: Path, color: bool) -> None:
    """The download's bar, on a real pseudo-terminal."""
    variables = {"TERM": "xterm-256color", **({} if color else {"NO_COLOR": "1"})}
    shown = on_a_terminal(copy, "download_mnist", **variables)
    assert "train-images" in shown
    assert (re.search(r"\x1b\[[\d;]*3[0-8]", shown) is not None) == color


def on_a_terminal(project: Path, stage: str, **variables: str) -> str:
    """What the stage writes where standard error is a terminal."""
    outer, inner = os.openpty()
    kept = {name: value for name, value in small_environment(no_proxy="127.0.0.1").items()
            if name not in ("NO_COLOR", "FORCE_COLOR")}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}"],
        cwd=project,
        env={**kept, **variables},
        stderr=inner,
        stdout=subprocess.DEVNULL,
    )
    os.close(inner)
    shown = b""
    try:
        while part := os.read(outer, 4096):
            shown += part
    except OSError:
        pass  # Linux says so where the other end is closed
    os.close(outer)
    assert process.wait(timeout=60) == 0, shown
    return shown.decode()
