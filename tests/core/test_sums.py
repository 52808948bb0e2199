"""A bit that flips on the disk between stages is detected when the file is read."""

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import Done

from rnnlab.core.errors import InputError
from rnnlab.core.files import CHECKSUMS_FILE, read_json, read_table, read_tensors

FOLDERS = ("data/normalized", "data/windows", "data/models")
READERS = {".json": read_json, ".safetensors": read_tensors, ".csv": read_table}


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def handed_on(project: Path) -> list[Path]:
    """All files that one stage hands to the next, of both tasks."""
    files = [path for folder in FOLDERS for path in (project / folder).rglob("*")]
    return sorted(path for path in files if path.is_file() and path.name != CHECKSUMS_FILE)


@pytest.mark.parametrize("place", [0.02, 0.5, 0.98], ids=["start", "middle", "end"])
def test_a_flipped_bit_is_found_in_every_file(copy: Path, place: float) -> None:
    """In the header, the numbers and the end of each, also where the format allows the flip."""
    files = handed_on(copy)
    assert {path.suffix for path in files} == set(READERS)
    for path in files:
        flip(path, int(8 * path.stat().st_size * place))
        with pytest.raises(InputError, match=r"is damaged: its checksum differs .*repro any`"):
            READERS[path.suffix](path, "any")


def test_a_flipped_bit_in_the_sums_is_found(copy: Path) -> None:
    for sums in sorted((copy / "data").rglob(CHECKSUMS_FILE)):
        flip(sums, 8 * 30)
        first = sums.read_text().splitlines()[0].split("  ")[1]
        with pytest.raises(InputError, match="is damaged"):
            READERS[Path(first).suffix](sums.parent / first, "any")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not here")
@pytest.mark.parametrize("folder", FOLDERS)
def test_sums_are_those_of_sha256sum(finished: tuple[Path, Done], folder: str) -> None:
    for sums in (finished[0] / folder).rglob(CHECKSUMS_FILE):
        command = ["sha256sum", "--check", "--strict", CHECKSUMS_FILE]
        done = subprocess.run(command, cwd=sums.parent, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count(": OK") == len(handed_on_in(sums.parent))


def handed_on_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and path.name != CHECKSUMS_FILE]
