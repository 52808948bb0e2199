"""How far scores may be off by chance: standard errors and intervals, and where they come from."""

import pandas as pd

LEVEL = 0.95


def accuracy_interval(predictions: pd.DataFrame) -> tuple[float, float]:
    """Wilson's interval (1927) of 95 % for the accuracy, over the images of the test part.

    Args:
        predictions: label and predicted, a row for each image.
    """
    # scipy takes half a second to load
    from scipy.stats import binomtest

    right = int((predictions["label"] == predictions["predicted"]).sum())
    found = binomtest(right, len(predictions)).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def standard_errors(by_series: pd.DataFrame, forecasts: pd.DataFrame) -> pd.Series:
    """Standard error of MASE by (protocol, method), NaN or missing where the data tell none.

    Of a panel it is that of a mean over series. A single series has one over the steps of the test
    part, as if their errors were independent, and so for forecasts one step ahead alone: the errors
    of a forecast in one go are not.

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


def said_of_members(card: dict) -> list[str]:
    """How far the networks of an ensemble lie apart on validation: a sentence, none of one network.

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
        f"The {len(members)} networks, each from a seed of its own, have a "
        f"{measure.replace('_', ' ')} of {values[0]:.4g} to {values[-1]:.4g}."
    ]
