"""From the network's output to quantiles in the units of the series; numpy alone."""

import numpy as np

from rnnlab.features.extraction import Features

# how much wider intervals are than those of the synthetic world, by period: the real one is less
# calm (measured on training parts: python -m benchmarks.zero_shot.stretch)
STRETCH = {1: 1.15, 4: 1.1}
STRETCH_OTHERS = 1.05


def in_units(features: Features, output: np.ndarray, period: int) -> np.ndarray:
    """Quantiles [S, H, 11] in the units of the series, ascending.

    Args:
        features: what the network read.
        output: of the network, [S, H, 11]; the median is in the middle.
    """
    median = output[..., [output.shape[-1] // 2]]
    output = median + STRETCH.get(period, STRETCH_OTHERS) * (output - median)
    quantiles = features.base[..., None] + features.unit[:, None, None] * output
    return np.maximum(quantiles, features.lowest[:, None, None])
