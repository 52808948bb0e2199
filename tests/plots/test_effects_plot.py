"""The picture of what covariates do."""

import pandas as pd

from rnnlab.plots.effects import effects_figure


def test_the_largest_twelve_are_drawn_by_their_usual_change() -> None:
    names = [f"c{n}" for n in range(20)]
    slopes = [-100.0 if n == 3 else float(n) for n in range(20)]
    effects = pd.DataFrame({"covariate": names, "slope": slopes, "change": 2.0})
    figure = effects_figure(effects, "things", "navy")
    [ax] = figure.axes
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == [-200.0, *(2.0 * n for n in range(19, 8, -1))]
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["c3", "c19"]
    assert ax.get_xlabel().startswith("things")
    assert figure.get_suptitle() == (
        "A usual change of c3 moves the values by -200; 12 of 20 shown"
    )


def test_a_single_effect() -> None:
    effects = pd.DataFrame({"covariate": ["promo"], "slope": [8.1], "change": [1.0]})
    figure = effects_figure(effects, "things", "navy")
    assert figure.get_suptitle() == "A usual change of promo moves the values by +8.1"
    assert len(figure.axes[0].patches) == 1
