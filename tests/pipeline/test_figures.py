"""Figures in prose that the program knows are those of the program, and tables are whole."""

import json
import re
from functools import cache

import numpy as np
import pytest
from committed import COMMITTED
from shell import tracked
from test_docs import BLOCK, MAX_LINES, MAX_WORDS, PAGES, text_of

from rnnlab.features.context import patch_count, patch_size
from rnnlab.features.extraction import Features, extract_features
from rnnlab.features.smoothing import GRID
from rnnlab.zero_shot.answers import STRETCH, STRETCH_OTHERS

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
WORDS = f"{WORDS} fifteen sixteen seventeen eighteen nineteen twenty".split()
# in scores.json, but no baseline: they are trained here
OWN = {"model", "combination", "control", "zero_shot"}


def number(text: str) -> float:
    return float(WORDS.index(text) if text in WORDS else text.replace(",", ""))


@cache
def read(path: str) -> dict:
    return json.loads((COMMITTED / path).read_text())


def described(period: int) -> Features:
    return extract_features(np.arange(1.0, 1401)[None], period, np.arange(1, 3))


def of_features() -> dict[str, float]:
    months = described(12)
    return {
        "statistics": months.scalars.shape[1],
        "simple": months.simple.shape[2],
        "smoothings": len(GRID),
        "few": months.patches.shape[1],
        "many": described(24).patches.shape[1],
        "patch": patch_size(16),
        "views": months.patches.shape[2] / patch_size(16),
        "months": patch_count(12) * patch_size(12),
        "days": patch_count(24) * patch_size(24) / 24,
        "yearly": STRETCH[1],
        "others": STRETCH_OTHERS,
    }


def of_the_network() -> dict[str, float]:
    card = read("models/zero_shot/card.json")
    names = ("hidden_size", "parameters", "batch_size", "steps")
    return {"quantiles": len(card["quantiles"]), **{name: card[name] for name in names}}


def of_scores() -> dict[str, float]:
    airline = read("metrics/airline/scores.json")
    return {
        "baselines": len({*airline} - OWN),
        "protocols": len(airline["model"]),
        "measures": len(airline["model"]["rolling"]),
        "image_figures": len(read("metrics/mnist/metrics.json")),
        "series_figures": len(read("metrics/airline/metrics.json")),
        "image_parameters": read("metrics/mnist/scores.json")["parameters"],
    }


def of_benchmarks() -> dict[str, float]:
    runs = [path for path in tracked() if re.match(r"results/ablation/.*\.json", path)]
    settings = {path.rpartition("-")[0] for path in runs}
    [minutes] = re.findall(r"takes (\w+) minutes", text_of("benchmarks/speed/bench.py"))
    return {"settings": len(settings), "seeds": len(runs) / len(settings), "bench": number(minutes)}


KNOWN = {"lines": MAX_LINES, "words": MAX_WORDS}
KNOWN |= of_features() | of_the_network() | of_scores() | of_benchmarks()
# a sentence of a page; (name) stands for the figure of that name
SENTENCES = [
    ("CONTRIBUTING.md", "README stays within (lines) lines and (words) words"),
    ("Makefile", "an upper bound: (bench) minutes"),
    ("README.md", "beside (baselines) classical baselines"),
    ("docs/experiments.md", "(image_figures) figures of an image task"),
    ("docs/experiments.md", "(series_figures) of a series task"),
    ("docs/images.md", "with (image_parameters) parameters, trained on"),
    ("docs/images.md", "has (settings) settings, each with (seeds) seeds"),
    ("docs/speed.md", "runs/bench; (bench) minutes"),
    ("docs/tutorial.md", "(baselines) baselines, (measures) measures by (protocols) protocols"),
    ("docs/zero-shot.md", "plain torch cells, (parameters) weights"),
    ("docs/zero-shot.md", "It sees (months) values of a monthly series, (days) days of an hourly"),
    ("docs/zero-shot.md", "cut into (few) or (many) patches of up to (patch) values"),
    ("docs/zero-shot.md", "values, in (views) views"),
    ("docs/zero-shot.md", "them stand (statistics) statistics"),
    ("docs/zero-shot.md", "for each step ahead (simple) simple forecasts"),
    ("docs/zero-shot.md", "(smoothings) fixed ones run at once"),
    ("docs/zero-shot.md", "A GRU of (hidden_size) reads the patches"),
    ("docs/zero-shot.md", "answer with (quantiles) quantiles"),
    ("docs/zero-shot.md", "A batch of (batch_size) series"),
    ("docs/zero-shot.md", "training was cut to (steps) steps"),
    ("docs/zero-shot.md", "by (yearly) for yearly series and (others) for others"),
]


def found_in(text: str, sentence: str) -> dict[str, float]:
    pattern = re.sub(r"\((\w+)\)", r"(?P<\1>[\\w.,]+)", sentence).replace(" ", r"\s+")
    found = re.search(pattern, text)
    assert found, f"no longer there: {sentence}"
    return {name: number(word) for name, word in found.groupdict().items()}


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_a_figure_is_what_the_program_has(page: str, sentence: str) -> None:
    found = found_in(text_of(page), sentence)
    assert found == {name: KNOWN[name] for name in found}


def test_a_wrong_figure_is_noticed() -> None:
    assert found_in("beside them stand 27\nstatistics", "stand (x) statistics") == {"x": 27}
    assert found_in("1,100 words of eleven", "(x) words of (y)") == {"x": 1100, "y": 11}


def cut_tables(text: str) -> list[str]:
    """Rows that follow no row of their table, and are no header either."""
    lines = ["", *(line.strip() for line in BLOCK.sub("", text).splitlines()), ""]
    return [
        line
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False)
        if line[:1] == "|" and before[:1] != "|" and not re.match(r"\|[ :|-]+\|$", after)
    ]


TABLES = sorted({*PAGES, *(path for path in tracked() if path.endswith(".md"))})


@pytest.mark.parametrize("page", TABLES)
def test_no_table_is_cut_in_two(page: str) -> None:
    assert cut_tables(text_of(page)) == []


def test_a_cut_table_is_noticed() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert cut_tables(f"{table}| 3 | 4 |\n\n{table}") == []
    assert cut_tables(f"{table}\n| 3 | 4 |\n") == ["| 3 | 4 |"]
    assert sum(text_of(page).count("|---") for page in TABLES) > 20
