"""The command that would work, as it would be typed, where one was refused."""

import shlex
from collections.abc import Sequence

from rnnlab.core.errors import InputError

# these options stand for some of --read
OF_READ = ("every", "total")


def add_command(error: InputError, words: Sequence[str]) -> None:
    """Give an error the command whose options it names.

    Args:
        words: of the command line, without the name of the program.
    """
    if error.options:
        error.command = shlex.join(["rnnlab", *_changed([*words], error.options)])


def _changed(words: list[str], options: Sequence[str]) -> list[str]:
    """The words with these options in the place of the same ones; their order is kept."""
    end = words.index("--") if "--" in words else len(words)
    said, files = words[:end], words[end:]
    for option in map(_short, options):
        place, said = _without(said, option)
        name, _, value = option.partition(" ")
        if value and not (name == "--read" and value.endswith("=")):
            said[place:place] = [name, value]
    return said + files


def _short(option: str) -> str:
    """``--every day`` of ``--read every=day``; other options as they are."""
    key, _, value = option.removeprefix("--read ").partition("=")
    return f"--{key} {value}" if option.startswith("--read ") and key in OF_READ else option


def _without(words: list[str], option: str) -> tuple[int, list[str]]:
    """Where the first option of that name stands, or the end, and the words without all of them."""
    name, _, value = option.partition(" ")
    key = value.partition("=")[0]
    kept: list[str] = []
    place, found = 0, False
    while place < len(words):
        word, sign, own = words[place].partition("=")
        size = 1 if sign else 2
        if not sign:
            own = words[place + 1] if place + 1 < len(words) else ""
        same = word == name and (name != "--read" or own.partition("=")[0] == key)
        if same or (word == "--read" and name[2:] in OF_READ and own.startswith(f"{name[2:]}=")):
            if not found:
                first, found = len(kept), True
            place += size
            continue
        kept.append(words[place])
        place += 1
    return (first if found else len(kept)), kept
