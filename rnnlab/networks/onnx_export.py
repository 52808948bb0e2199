"""Export trained networks to ONNX, which other programs run without torch."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rnnlab.core.files import write_atomically
from rnnlab.networks.network import GATES, RecurrentNetwork

OPSET = 17
IR_VERSION = 8  # of the same year as the opset, so that older runtimes read the file too
# positions of ONNX's gates in torch's order: i o f c of i f g o, and z r h of r z n
ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}
OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def write_onnx(networks: list[RecurrentNetwork], cell: str, windows: dict, path: Path) -> None:
    """Write a network without a shortcut, with its normalization, as one ONNX graph.

    Input ``x``: float32 [N, T, F], the grey levels (0 to 255) of N sequences, as stage windows
    writes them. Output ``logits``: float32 [N, K]. For an ensemble the output is the
    logarithm of the mean of its members' probabilities. torch's exporter unrolls the steps or
    warns; ONNX has operators for the three cells, so the graph is built here.

    Args:
        networks: the members of the ensemble, one or more.
        cell: rnn, lstm or gru.
        windows: the card of the windows; its steps, features and outputs are T, F and K.
    """
    steps, features, classes = (windows[key] for key in ("steps", "features", "outputs"))
    graph = _Graph()
    answers = [graph.network(network, cell, f"member{n}") for n, network in enumerate(networks)]
    if len(answers) == 1:
        graph.add("Identity", answers, "logits")
    else:
        probabilities = [
            graph.add("Softmax", [answer], f"{answer}_chances", axis=1) for answer in answers
        ]
        graph.add("Log", [graph.add("Mean", probabilities, "chances")], "logits")
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", steps, features])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "recurrent", inputs, outputs, graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="recurrent-pipeline",
    )
    onnx.checker.check_model(model, full_check=True)
    write_atomically(path, model.SerializeToString())


class _Graph:
    """Collects the nodes and weights of a graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Add a node that computes ``output``, and return its name."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def network(self, network: RecurrentNetwork, cell: str, name: str) -> str:
        """Add a network's nodes, from ``x`` [N, T, F] to its logits [N, K]."""
        values = {key: value.cpu().numpy() for key, value in network.state_dict().items()}
        shift = self.weight(f"{name}_shift", values["shift"])
        scale = self.weight(f"{name}_scale", values["scale"])
        shifted = self.add("Sub", ["x", shift], f"{name}_shifted")
        scaled = self.add("Div", [shifted, scale], f"{name}_scaled")
        # ONNX expects time first
        output = self.add("Transpose", [scaled], f"{name}_by_step", perm=[1, 0, 2])
        for layer in range(network.recurrent.num_layers):
            output, last = self.layer(network, values, cell, layer, output, f"{name}_layer{layer}")
        pooled = self.pooled(network, output, last, name)
        head = [self.weight(f"{name}_{key}", values[key]) for key in ("head.weight", "head.bias")]
        return self.add("Gemm", [pooled, *head], f"{name}_logits", transB=1)

    def layer(
        self,
        network: RecurrentNetwork,
        values: dict[str, np.ndarray],
        cell: str,
        layer: int,
        x: str,
        name: str,
    ) -> tuple[str, str]:
        """Add a layer that reads x [T, N, F]: names of its output [T, N, D * H] and last [D, N, H].

        ``last`` is the final state of each direction: for the backward one, that of the first step.
        """
        recurrent = network.recurrent
        ends = [f"_l{layer}", f"_l{layer}_reverse"][: 2 if recurrent.bidirectional else 1]

        def by_gate(kind: str) -> np.ndarray:
            """Both directions' weights, [D, G * H, …], with the gates in ONNX's order."""
            stacks = [np.split(values[f"recurrent.{kind}{end}"], GATES[cell]) for end in ends]
            return np.stack([np.concatenate([s[gate] for gate in ORDER[cell]]) for s in stacks])

        inputs = [x, *(self.weight(f"{name}_{k}", by_gate(k)) for k in ("weight_ih", "weight_hh"))]
        if recurrent.bias:
            biases = np.concatenate([by_gate("bias_ih"), by_gate("bias_hh")], axis=1)
            inputs.append(self.weight(f"{name}_bias", biases))
        attributes: dict[str, object] = {
            "hidden_size": recurrent.hidden_size,
            "direction": "bidirectional" if recurrent.bidirectional else "forward",
        }
        if cell == "rnn":
            activation = {"tanh": "Tanh", "relu": "Relu"}[recurrent.nonlinearity]
            attributes["activations"] = [activation] * len(ends)
        if cell == "gru":
            # torch applies r after the matrix, ONNX by default before it
            attributes["linear_before_reset"] = 1
        states, last = f"{name}_states", f"{name}_last"
        self.nodes.append(
            helper.make_node(OPERATORS[cell], inputs, [states, last], name=name, **attributes)
        )
        # [T, D, N, H] to [T, N, D * H]
        beside = self.add("Transpose", [states], f"{name}_beside", perm=[0, 2, 1, 3])
        shape = self.weight(f"{name}_shape", np.array([0, 0, -1]))
        return self.add("Reshape", [beside, shape], f"{name}_output"), last

    def pooled(self, network: RecurrentNetwork, output: str, last: str, name: str) -> str:
        """Add the pooled outputs, the input of the head: [N, D * H]."""
        if network.pooling == "last":
            beside = self.add("Transpose", [last], f"{name}_last_beside", perm=[1, 0, 2])
            shape = self.weight(f"{name}_pooled_shape", np.array([0, -1]))
            return self.add("Reshape", [beside, shape], f"{name}_pooled")
        operator = {"mean": "ReduceMean", "max": "ReduceMax"}[network.pooling]
        return self.add(operator, [output], f"{name}_pooled", axes=[0], keepdims=0)
