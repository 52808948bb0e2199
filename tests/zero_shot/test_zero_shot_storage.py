"""The weights and the card: complete, or one line with the way to get them back."""

import json
from pathlib import Path

import pytest
import torch
from toys import zero_shot_network

from rnnlab.core.errors import InputError
from rnnlab.zero_shot import storage
from rnnlab.zero_shot.network import QUANTILES
from rnnlab.zero_shot.storage import read_card, read_zero_shot, write_zero_shot

BACK = r"`git checkout .*`, or train again with `dvc repro pretrain`"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RNNLAB_NETWORK", str(tmp_path))
    network = zero_shot_network(3)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    write_zero_shot(tmp_path, weights, {"hidden_size": 8, "decoder_size": 8, "seed": 3})
    return tmp_path


def test_what_is_read_is_what_was_written(folder: Path) -> None:
    found, expected = read_zero_shot(folder), zero_shot_network(3)
    assert not found.training
    for name, value in expected.named_parameters():
        assert torch.equal(found.get_parameter(name), value)
    card = read_card(folder)
    assert card["quantiles"] == list(QUANTILES)
    assert card["parameters"] == sum(value.numel() for value in expected.parameters())


@pytest.mark.parametrize("name", ["weights.safetensors", "card.json"])
@pytest.mark.parametrize("damage", ["missing", "torn", "empty", "flipped"])
def test_damage_is_one_line_with_the_way_back(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "flipped" and name == "card.json":
        path.write_bytes(content.replace(b'"hidden_size": 8', b'"hidden_size": 9'))
        path = folder / "weights.safetensors"  # the two do not fit together
    elif damage == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    else:
        path.write_bytes(content[: len(content) // 3] if damage == "torn" else b"")
    with pytest.raises(InputError, match=BACK) as error:
        read_zero_shot(folder)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("card", ["[]", "{}", "null", '{"sha256": 3}'])
def test_any_other_card_is_rejected(folder: Path, card: str) -> None:
    (folder / "card.json").write_text(card)
    with pytest.raises(InputError, match=BACK):
        read_zero_shot(folder)


def test_weights_of_another_version_are_named_so(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    weights = {"patch_projection.weight": torch.zeros(8, 3)}
    write_zero_shot(folder, weights, card)
    with pytest.raises(InputError, match="another version of this project: restore"):
        read_zero_shot(folder)


def test_the_same_weights_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    network = zero_shot_network(3)
    weights = {name: value.detach() for name, value in reversed([*network.named_parameters()])}
    write_zero_shot(again, weights, {"hidden_size": 8, "decoder_size": 8, "seed": 3})
    for name in ("weights.safetensors", "card.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_weights_of_an_installed_package_come_back_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "INSTALLED", tmp_path)
    monkeypatch.delenv("RNNLAB_NETWORK")
    with pytest.raises(InputError, match=r"card\.json is missing: install the package again"):
        read_zero_shot()


def test_a_folder_of_your_own_is_not_in_git(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"card\.json is missing: name a folder that fine-"):
        read_zero_shot(tmp_path)
