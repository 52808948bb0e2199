"""The choice of the GPU, and determinism; GPUs are fake, their locks are real."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from committed import COMMITTED
from helpers import ROOT, small_environment

from rnnlab.core.errors import InputError
from rnnlab.core.params import Params, load_params
from rnnlab.training import device
from rnnlab.training.device import choose_gpu, prepare

Machine = Callable[..., None]

# a process that sees the GPUs named by its arguments, says which it took, and waits
TAKE = """
import sys, types, torch
torch.cuda.device_count = lambda: len(sys.argv) - 1
torch.cuda.get_device_properties = lambda gpu: types.SimpleNamespace(uuid=sys.argv[gpu + 1])
from rnnlab.training.device import choose_gpu
print(choose_gpu(), flush=True)
sys.stdin.read()
"""


def start(*gpus: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, *gpus],
        env=small_environment(TMPDIR=tempfile.gettempdir()),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def taken(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    """A function that makes this a new process on a machine with the GPUs it names."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("LOCAL_RANK", raising=False)

    def see(*gpus: str) -> None:
        choose_gpu.cache_clear()
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(gpus))
        monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda gpu: SimpleNamespace(uuid=gpus[gpu])
        )

    yield see
    choose_gpu.cache_clear()
    for lock in device._gpu_locks:
        lock.release()
    device._gpu_locks.clear()


@pytest.fixture
def repeatable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo the settings that a test makes."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    yield
    torch.use_deterministic_algorithms(False)


def params_with(**changes: object) -> Params:
    return load_params(COMMITTED / "params.yaml").model_copy(update={"threads": 1, **changes})


def test_processes_spread_over_gpus_and_free_them_however_they_end(machine: Machine) -> None:
    first, second = start("a", "b"), start("a", "b")
    assert {taken(first), taken(second)} == {0, 1}
    # all are held: the third shares one, and does not wait
    machine("a", "b")
    assert choose_gpu() in (0, 1)
    assert device._gpu_locks == []
    for process in (first, second):
        process.kill()
        process.wait()
    machine("a", "b")
    assert choose_gpu() == 0
    assert len(device._gpu_locks) == 1


def test_a_gpu_is_known_by_more_than_its_number(machine: Machine) -> None:
    """CUDA_VISIBLE_DEVICES=1 makes the second GPU number 0."""
    machine("b")
    assert choose_gpu() == 0
    machine("a", "b")
    assert choose_gpu() == 0
    machine("b", "c")
    assert choose_gpu() == 1


def test_a_process_keeps_its_gpu(machine: Machine) -> None:
    machine("a", "b")
    assert prepare(params_with(device="cuda", deterministic=False)) == torch.device("cuda", 0)
    assert prepare(params_with(device="auto", deterministic=False)) == torch.device("cuda", 0)


def test_torchrun_names_the_gpu(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    machine("a", "b")
    assert choose_gpu() == 1
    # it holds that one, so that an experiment beside it takes the other
    monkeypatch.delenv("LOCAL_RANK")
    machine("b", "a")
    assert choose_gpu() == 1


def test_more_processes_than_gpus_are_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "2")
    machine("a", "b")
    with pytest.raises(InputError, match=r"device: process 3 finds 2 GPUs"):
        choose_gpu()


def test_the_cpu_takes_no_gpu(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine("a")
    assert prepare(params_with(device="cpu")) == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert prepare(params_with(device="auto")) == torch.device("cpu")
    assert device._gpu_locks == []
    assert not torch.are_deterministic_algorithms_enabled()


def test_an_experiment_takes_no_more_threads_than_it_asked_for() -> None:
    # scipy brings a BLAS of its own, which a stage imports long after it has prepared
    script = """
from rnnlab.training.device import prepare
from rnnlab.core.params import load_params
prepare(load_params().model_copy(update={"device": "cpu", "threads": 1}))
import scipy.linalg, torch
from threadpoolctl import threadpool_info
print({p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"})
print(torch.get_num_threads())
"""
    two = small_environment(OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=COMMITTED, env=two, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["{1}", "1"], done.stderr


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.usefixtures("repeatable")
def test_gpus_are_deterministic_on_request(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, deterministic: bool
) -> None:
    machine("a")
    prepare(params_with(device="cuda", deterministic=deterministic))
    assert torch.are_deterministic_algorithms_enabled() is deterministic
    assert torch.backends.cudnn.deterministic is deterministic
    assert ("CUBLAS_WORKSPACE_CONFIG" in os.environ) is deterministic
    assert torch.backends.cudnn.benchmark is False
    assert torch.utils.deterministic.fill_uninitialized_memory is not deterministic
