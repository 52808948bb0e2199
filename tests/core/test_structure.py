"""Structure of the code: no stage imports another, and torch only where needed."""

import pytest
from helpers import STAGES
from imports import modules_of


@pytest.mark.parametrize("stage", [*STAGES, "report"])
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"stages.{other}" for other in (*STAGES, "report") if other != stage}
    assert modules_of(stage) & others == set()


@pytest.mark.parametrize("stage", ["download_mnist", "normalize", "windows", "plot", "report"])
def test_stages_that_need_no_torch_do_not_import_it(stage: str) -> None:
    assert {name.split(".")[0] for name in modules_of(stage)} & {"torch", "torchvision"} == set()
