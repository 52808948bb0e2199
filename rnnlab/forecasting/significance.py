"""Whether one method forecasts better than another by more than chance."""

import numpy as np
from dieboldmariano import NegativeVarianceException, ZeroVarianceException, dm_test

# fewer pairs than this say nothing
LEAST_PAIRS = 8


def compare(ours: np.ndarray, theirs: np.ndarray, series: np.ndarray, steps: int) -> dict:
    """A paired test of losses by origin.

    Of one series the test of Diebold & Mariano 1995 as Harvey, Leybourne & Newbold 1997 correct it
    for few origins, with Bartlett's weights, since origins less than ``steps`` apart share values.
    Of several series Wilcoxon's signed-rank test of the mean losses of each.

    Args:
        ours, theirs: mean loss of the forecast from each origin, [N].
        series: number of its series, [N].
        steps: how many steps each forecast reaches.

    Returns:
        difference: mean of ours less mean of theirs; test: its name; p_value: two-sided, None
        where the pairs are too few or all alike.
    """
    several = len(np.unique(series)) > 1
    known = np.isfinite(ours) & np.isfinite(theirs)
    ours, theirs, series = ours[known], theirs[known], series[known]
    if several:
        count = np.bincount(series)
        ours, theirs = (np.bincount(series, loss)[count > 0] for loss in (ours, theirs))
        ours, theirs = ours / count[count > 0], theirs / count[count > 0]
    name = "Wilcoxon" if several else "Diebold-Mariano"
    difference = float((ours - theirs).mean()) if len(ours) else float("nan")
    found = {"difference": difference, "test": name, "p_value": None}
    if len(ours) < max(LEAST_PAIRS, 0 if several else steps + 1) or np.ptp(ours - theirs) == 0:
        return found
    if several:
        # takes half a second to import, and few tasks need it
        from scipy.stats import wilcoxon

        return {**found, "p_value": float(wilcoxon(ours, theirs).pvalue)}
    try:
        # the losses themselves are handed over, not forecasts
        p_value = dm_test(
            np.zeros(len(ours)).tolist(),
            ours.tolist(),
            theirs.tolist(),
            loss=lambda _, loss: loss,
            h=steps,
            variance_estimator="bartlett",
        )[1]
    except (ZeroVarianceException, NegativeVarianceException):
        return found
    return {**found, "p_value": float(p_value)}
