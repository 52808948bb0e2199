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
    COMMANDS,
    STAGES,
    Done,
    edit_params,
    on_a_terminal,
    one_error_line,
    run_stage_here,
    small_environment,
)


def usage_of(name: str) -> str:
    return f"Usage: rnnlab {name.replace('_', '-')} " if name in COMMANDS else "usage: "


@pytest.mark.parametrize("stage", [*STAGES, *COMMANDS])
def test_help_says_what_is_read_written_and_needed(
    project: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(project.rglob("*"))
    assert run_stage_here(project, stage, "--help") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for word in (usage_of(stage), "Reads: ", "Writes: ", "Needs: ", "Exit codes: "):
        assert word in printed.out
    assert max(map(len, printed.out.splitlines())) <= 100
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        *((stage, ["--no-such-option"]) for stage in [*STAGES, *COMMANDS]),
        # a stage takes one task
        *((stage, words) for stage in CHAIN for words in ([], ["mnist", "airline"])),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    project: Path, stage: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage_here(project, stage, *words) == 2
    assert usage_of(stage).strip() in capsys.readouterr().err


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
    variables = {} if color else {"NO_COLOR": "1"}
    shown = on_a_terminal(copy, "stderr", "-m", "stages.download_mnist", **variables)
    assert "train-images" in shown
    assert (re.search(r"\x1b\[[\d;]*3[0-8]", shown) is not None) == color
