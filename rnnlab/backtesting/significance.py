"""Paired tests: is one method better than another by more than chance?"""

import numpy as np
from dieboldmariano import NegativeVarianceException, ZeroVarianceException, dm_test

# with fewer pairs no test is made
MIN_PAIRS = 8


def paired_test(ours: np.ndarray, theirs: np.ndarray, series: np.ndarray, steps: int) -> dict:
    """Test whether two methods have the same mean loss.

    For one series this is the Diebold-Mariano test (1995) with the small-sample correction of
    Harvey, Leybourne & Newbold (1997) and Bartlett weights, since origins less than ``steps`` apart
    share values. For several series it is Wilcoxon's signed-rank test of each series' mean loss.

    Args:
        ours, theirs: mean loss of the forecast from each origin, [N].
        series: number of the series of each origin, [N].
        steps: steps ahead of each forecast.

    Returns:
        difference: mean of ours minus mean of theirs; test: its name; p_value: two-sided, None
        if there are too few pairs or all differences are equal.
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
    result = {"difference": difference, "test": name, "p_value": None}
    if len(ours) < max(MIN_PAIRS, 0 if several else steps + 1) or np.ptp(ours - theirs) == 0:
        return result
    if several:
        # this import takes half a second, and few tasks need it
        from scipy.stats import wilcoxon

        return {**result, "p_value": float(wilcoxon(ours, theirs).pvalue)}
    try:
        # dm_test expects forecasts and truth; with truth 0 and this loss it takes losses as given
        p_value = dm_test(
            np.zeros(len(ours)).tolist(),
            ours.tolist(),
            theirs.tolist(),
            loss=lambda _, loss: loss,
            h=steps,
            variance_estimator="bartlett",
        )[1]
    except (ZeroVarianceException, NegativeVarianceException):
        return result
    return {**result, "p_value": float(p_value)}
