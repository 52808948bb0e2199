"""Export the zero-shot network to ONNX, which other programs run without torch."""

import io
import warnings
from copy import deepcopy
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import torch

from rnnlab.core.files import write_atomically
from rnnlab.features.extraction import extract_features
from rnnlab.zero_shot.network import QUANTILES, Inputs, ZeroShotNetwork, to_inputs

OPSET = 17
# names of the dimensions that may have any size, by input
SIZES = {
    "patches": {0: "series", 1: "patches"},
    "phases": {0: "patches"},
    "scalars": {0: "series"},
    "simple": {0: "series", 1: "steps"},
    "past": {0: "series", 1: "steps"},
    "clock": {0: "steps"},
    "quantiles": {0: "series", 1: "steps"},
}


def write_zero_shot_onnx(network: ZeroShotNetwork, path: Path) -> None:
    """Write the network as one ONNX graph.

    Inputs are the arrays of ``Features`` with the same names, all float32. Output
    ``quantiles`` [S, H, 11] is in units, as distances from the base. The statistics stand beside
    the graph, in numpy alone: ``rnnlab.features.extraction.extract_features`` computes the inputs,
    and ``rnnlab.zero_shot.answers.in_units`` turns the output into forecasts. The levels of the
    quantiles are in the file's metadata.
    """
    rng = np.random.default_rng(0)
    # of no size that could be mistaken for another
    features = extract_features(rng.random((3, 60)), 12, np.arange(1, 8))
    inputs = to_inputs(features)
    names = [field.name for field in fields(Inputs)]
    content = io.BytesIO()
    with warnings.catch_warnings():
        # the exporter by tracing is deprecated, and its successor needs another package; it warns
        # of batch sizes, which a test changes
        warnings.simplefilter("ignore")
        # ONNX has this operator, but the exporter does not know it
        sinh = lambda graph, x: graph.op("Sinh", x)  # noqa: E731
        torch.onnx.register_custom_op_symbolic("aten::sinh", sinh, OPSET)
        torch.onnx.export(
            deepcopy(network).cpu().eval(),
            tuple(getattr(inputs, name) for name in names),
            content,
            input_names=names,
            output_names=["quantiles"],
            dynamic_axes=SIZES,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(content.getvalue())
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(QUANTILES)
    onnx.helper.set_model_props(model, {"quantiles": " ".join(map(str, QUANTILES))})
    onnx.checker.check_model(model, full_check=True)
    write_atomically(path, model.SerializeToString())
