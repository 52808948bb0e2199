"""Benchmarks read the last commit's parameters and data here, unless a test has a project."""

import pytest
from committed import COMMITTED

from benchmarks import scratch


@pytest.fixture(autouse=True)
def committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "ROOT", COMMITTED)
