"""Uncertainty of scores: standard errors, confidence intervals, and differences of members."""

import pandas as pd

LEVEL = 0.95


def accuracy_interval(predictions: pd.DataFrame) -> tuple[float, float]:
    """Wilson's 95 % confidence interval (1927) of the accuracy over the test images.

    Args:
        predictions: label and predicted, a row for each image.
    """
    # scipy takes half a second to load
    from scipy.stats import binomtest

    correct = int((predictions["label"] == predictions["predicted"]).sum())
    interval = binomtest(correct, len(predictions)).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def standard_errors(by_series: pd.DataFrame, forecasts: pd.DataFrame) -> pd.Series:
    """Standard error of MASE by (protocol, method); NaN or missing if it cannot be computed.

    For a panel it is the standard error of the mean over series. For a single series it is computed
    over the steps of the test part, as if their errors were independent. This is done for one-step
    forecasts only, since the errors of a multi-step forecast are correlated.

    Args:
        by_series: series.csv: unique_id, protocol, method, mae, mase.
        forecasts: forecasts.csv: unique_id, protocol, method, y, forecast.
    """
    if by_series["unique_id"].nunique() > 1:
        return by_series.groupby(["protocol", "method"])["mase"].sem()
    keys = ["protocol", "method"]
    scale = (by_series["mae"] / by_series["mase"]).set_axis(
        pd.MultiIndex.from_frame(by_series[keys])
    )
    of_steps = forecasts[forecasts["protocol"] == "one_step"]
    errors = (of_steps["y"] - of_steps["forecast"]).abs().groupby([of_steps[key] for key in keys])
    return errors.sem() / scale.reindex(errors.groups)


def ensemble_findings(card: dict) -> list[str]:
    """The range of the members' validation scores as a sentence; none for a single network.

    Args:
        card: card.json of the trained networks.
    """
    members = card["fits"]["main"]
    if len(members) < 2:
        return []
    measure = "validation_accuracy" if "validation_accuracy" in members[0] else "validation_loss"
    values = sorted(member[measure] for member in members if member[measure] is not None)
    if len(values) < len(members):
        return [f"{len(members) - len(values)} of the {len(members)} networks did not converge."]
    return [
        f"The {len(members)} networks, trained from different seeds, have a "
        f"{measure.replace('_', ' ')} of {values[0]:.4g} to {values[-1]:.4g}."
    ]
