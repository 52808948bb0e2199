"""Early reading: how right the head is after each step, and which classes are known when."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score

from rnnlab.images.scores import early_reading
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.plots.images import early_figure, known_after

IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6), dtype=np.uint8)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_figures_by_step_are_those_of_scikit_learn(bidirectional: bool) -> None:
    torch.manual_seed(0)
    network = RecurrentNetwork(3, 4, hidden_size=5, bidirectional=bidirectional).eval()
    x, y = torch.randn(300, 6, 3), torch.randint(0, 4, (300,))
    table = early_reading([network], x, y)
    assert list(table) == ["step", "images", "accuracy", "f1_0", "f1_1", "f1_2", "f1_3"]
    assert table["step"].tolist() == [1, 2, 3, 4, 5, 6]
    for row in table.itertuples(index=False):
        with torch.inference_mode():
            answers = network(x[:, : int(row.step)]).argmax(1)
        assert row.accuracy == pytest.approx((answers == y).double().mean().item())
        expected = f1_score(y, answers, average=None, labels=range(4), zero_division=0)
        np.testing.assert_allclose(row[3:], expected)


def early(**classes: list[float]) -> pd.DataFrame:
    steps = len(next(iter(classes.values())))
    accuracy = np.mean(list(classes.values()), axis=0)
    return pd.DataFrame(
        {"step": range(1, steps + 1), "images": 1000, "accuracy": accuracy, **classes}
    )


def test_known_is_from_where_it_stays() -> None:
    table = early(
        f1_0=[0.2, 0.9, 1.0, 1.0],
        f1_1=[0.95, 0.2, 0.3, 0.91],  # right at the start, by chance
        f1_2=[1.0, 1.0, 1.0, 0.89],
        f1_3=[0.9, 0.9, 0.9, 0.9],
    )
    assert list(known_after(table, 4).items()) == [(3, 1), (0, 2), (1, 4)]


@pytest.mark.parametrize("sequence", ["rows", "pixels", "permuted"])
def test_the_figure_names_the_classes_known_first_and_last(sequence: str) -> None:
    table = early(
        f1_0=[0.1, 0.95, 1.0, 1.0],
        f1_1=[0.1, 0.2, 0.3, 1.0],
        f1_2=[0.1, 0.2, 0.3, 0.5],
        f1_3=[0.1, 0.95, 0.9, 0.9],
    )
    figure = early_figure(table, IMAGE, 4, sequence, "navy")
    title = figure.get_suptitle()
    assert title.endswith("Recognized first: 0 and 3 (after 2); last: 1 (after 4)")
    strip = figure.axes[1]
    assert [label.get_text() for label in strip.get_yticklabels()] == ["0", "3", "1", "2"]
    assert [text.get_text() for text in strip.texts] == ["2", "2", "4", "never"]


def test_the_figure_where_nothing_is_known() -> None:
    table = early(f1_0=[0.1, 0.2, 0.5, 0.6], f1_1=[0.0, 0.2, 0.3, 0.4])
    title = early_figure(table, IMAGE, 2, "rows", "navy").get_suptitle()
    assert "Recognized" not in title


def test_the_figure_of_one_step() -> None:
    figure = early_figure(early(f1_0=[0.9], f1_1=[0.8]), IMAGE, 2, "flat", "navy")
    assert len(figure.axes) == 1
    assert "in one step" in figure.get_suptitle()
