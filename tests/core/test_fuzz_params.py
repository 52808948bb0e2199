"""Random parameter files: read correctly, or rejected in one line."""

import copy
import difflib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from committed import COMMITTED
from fuzzing import examples
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rnnlab.core.errors import InputError
from rnnlab.core.params import load_params

Path_ = tuple[str, ...]


def paths_of(tree: dict, before: Path_ = ()) -> list[Path_]:
    """The place of each key of ``tree``, blocks included."""
    found = []
    for key, value in tree.items():
        found.append((*before, key))
        if isinstance(value, dict):
            found += paths_of(value, (*before, key))
    return found


OWN_SET = """datasets:
  own:
    mirrors:
    - https://example.org/own/
    md5:
      train-images-idx3-ubyte.gz: f68b3c2dcbeaaa9fbdd348bbdeb94873
"""
TEXT = re.sub(
    "^datasets: {}.*\n", OWN_SET, (COMMITTED / "params.yaml").read_text(), flags=re.MULTILINE
)
WHOLE = YAML(typ="safe", pure=True).load(TEXT)
PATHS = paths_of(WHOLE)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 1e-05, 1e-300, 1e308, 0.5, 400, 256, 2**32, 2**32 - 1]),
)
WORDS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", "none", "lstm", "gru", "auto", "yes", "~", "1e-3", "../x", "/etc/passwd"]),
    st.sampled_from(["images", "series", "mae", "data/raw/x.csv", "a\nb", "\x00", "é", "🙂", "<<"]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TYPOS = st.sampled_from(["double a letter", "drop a letter", "swap letters"])


def block_of(tree: dict, path: Path_) -> dict | None:
    for key in path[:-1]:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) and path[-1] in tree else None


def misspelt(word: str, typo: str, place: int) -> str:
    at = place % max(len(word) - 1, 1)
    if typo == "double a letter":
        return word[: at + 1] + word[at:]
    if typo == "drop a letter":
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "params.yaml"


def outcome(file: Path) -> str | None:
    """The error message for ``file``; None if it is accepted, with the values of the file."""
    try:
        params = load_params(file)
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{file}: ")
        assert "\n" not in message
        assert len(message) < len(str(file)) + 400
        return message.removeprefix(f"{file}: ")
    written = YAML(typ="safe", pure=True).load(file)
    assert_as_written(params.model_dump(), written)
    return None


def assert_as_written(found: Any, written: Any) -> None:
    """All values are those in the file; missing keys have their defaults."""
    if isinstance(written, dict):
        assert set(written) <= set(found)
        for key, value in written.items():
            assert_as_written(found[key], value)
    elif isinstance(written, list):
        assert len(found) == len(written)
        for pair in zip(found, written, strict=True):
            assert_as_written(*pair)
    elif isinstance(written, int) and isinstance(found, float):
        # a whole number is a number
        assert found == written
    else:
        assert type(found) is type(written)
        assert found == written


@examples(300)
@given(changes=st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=2))
def test_any_value_under_any_key(file: Path, changes: list[tuple[Path_, Any]]) -> None:
    tree = copy.deepcopy(WHOLE)
    for path, value in changes:
        block = block_of(tree, path)
        if block is not None:
            block[path[-1]] = value
    file.write_text(json.dumps(tree))
    said = outcome(file)
    if said is not None and "not valid YAML" not in said:
        key = said.split(": ")[0]
        changed = [".".join(path) for path, _ in changes]
        # of keys that must fit one another, the task is named
        near = [each for each in changed if each.startswith(key) or key.startswith(each)]
        assert near or key.startswith("tasks."), said


@examples(100)
@given(path=st.sampled_from(PATHS))
def test_any_key_left_out(file: Path, path: Path_) -> None:
    tree = copy.deepcopy(WHOLE)
    del block_of(tree, path)[path[-1]]
    file.write_text(json.dumps(tree))
    said = outcome(file)
    assert said is None or said.startswith(".".join(path))


@examples(100)
@given(path=st.sampled_from(PATHS), typo=TYPOS, place=st.integers(0, 20))
def test_any_key_misspelt(file: Path, path: Path_, typo: str, place: int) -> None:
    tree = copy.deepcopy(WHOLE)
    block, word = block_of(tree, path), misspelt(path[-1], typo, place)
    own = path[0] == "datasets" or len(path) == 2  # names of data sets, files and tasks
    # without its kind no key of a task is known
    if own or word in block or path[-1] == "kind":
        return
    block[word] = block.pop(path[-1])
    file.write_text(json.dumps(tree))
    said = outcome(file)
    assert said is not None
    assert said.startswith(".".join([*path[:-1], f"{word}: unknown key; did you mean "]))
    known = {key for path in PATHS for key in path}
    if word not in known and len(word) > 3:
        assert difflib.get_close_matches(word, known, n=1)[0] in said


@examples(150)
@given(place=st.integers(0, 10_000), cut=st.integers(0, 30), text=st.text(max_size=12))
def test_any_characters_anywhere(file: Path, place: int, cut: int, text: str) -> None:
    """As after a typing error in an editor."""
    at = place % len(TEXT)
    file.write_text(TEXT[:at] + text + TEXT[at + cut :], encoding="utf-8", errors="replace")
    outcome(file)


# each item nine of the one before, the last of them more than any memory holds
LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: !!python/object/apply:os.system [exit]\n", "not valid YAML: line 1, column 7"),
        ("seed: !!bool maybe\n", "not valid YAML"),
        ("seed: !!int ''\n", "not valid YAML"),
        ("seed: 2001-99-99\n", "not valid YAML"),
        ("? [a, [b]]\n: 2\n", "not valid YAML"),
        ("<<: 3\n", "not valid YAML"),
        (f"seed: {'9' * 6000}\n", "not valid YAML"),
        (f"seed: {'{a: ' * 999}1{'}' * 999}\n", "not valid YAML"),
        ("seed: \x00\n", "not valid YAML"),
        ("&all\nseed: *all\n", "seed: "),
        (f"{LAUGHS}seed: *a11\n", "unknown key"),
        (TEXT.replace("seed: 1", "seed: &s [*s]"), "seed: [[[...]]] is invalid"),
        (TEXT.replace("seed: 1", f"seed: {'9' * 4000}"), "seed: 9"),
        (TEXT + '"\\e[31mred\\n": 1\n', "'\\x1b[31mred\\n': unknown key"),
        (TEXT.replace("cell: lstm", "cell: " + "x" * 10_000), "tasks.mnist.model.cell: 'xxx"),
        (TEXT.replace("  mnist:", "  ../mnist:"), "tasks.../mnist: "),
        (TEXT.replace("  mnist:", '  "mnist\\n":'), "is invalid"),
    ],
    ids=[
        *["object", "bool", "int", "date", "key of lists", "merge", "digits", "deep", "null"],
        *["holds itself", "laughs", "list in itself", "long number", "escape", "long word"],
        *["task outside", "task with a line"],
    ],
)
def test_files_that_mean_harm(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    said = outcome(file)
    assert said is not None
    assert words in said
