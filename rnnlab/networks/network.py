"""The network: torch.nn.RNN, LSTM or GRU, and a linear head."""

import torch
from torch import Tensor, nn

from rnnlab.networks.cpu_cells import recurrent_outputs

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class RecurrentNetwork(nn.Module):
    r"""A stack of recurrent layers that reads a sequence, and a linear head.

    For layer input x_t and hidden state h_t (vectors; σ is the logistic function, ⊙ the
    elementwise product; x_t is the data for the first layer and h_t of the layer below for each
    other layer), with h_0 = c_0 = 0:

    RNN (Elman 1990)::

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)         (or relu)

    LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000)::

        i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)            input gate
        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)            forget gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)         candidate
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)            output gate
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
        h_t = o_t ⊙ tanh(c_t)

    GRU (Cho et al. 2014)::

        r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset gate
        z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)            update gate
        n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn))  candidate
        h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

    torch stacks the gates' matrices: with H = hidden_size, F = features, D = 2 if bidirectional
    else 1, ``recurrent.weight_ih_l0`` is [G * H, F], ``weight_ih_lK`` [G * H, D * H] and
    ``weight_hh_lK`` [G * H, H], with G = 1 (RNN), 4 (LSTM) or 3 (GRU): an LSTM has 4 times the
    parameters of a plain RNN, a GRU 3 times.

    Args:
        features: F, numbers in each step.
        outputs: K, classes or steps ahead.
        cell: rnn, lstm or gru.
        hidden_size, num_layers, bias, dropout, bidirectional: as in torch.nn.LSTM; dropout acts
            between layers. nonlinearity (tanh or relu) is for rnn alone.
        pooling: how to reduce the last layer's outputs for the head: last (if bidirectional, the
            last forward and the first backward one), mean or max.
        head_dropout: dropout before the head.
        forget_bias: initial bias of an LSTM's forget gate. PyTorch adds two biases: the input's is
            set, the recurrent one is zeroed.
        chrono: the longest memory at initialization, in steps, 2 or more; 0 for none. The bias of
            the gate that keeps the state, f in an LSTM and z in a GRU, starts at log(u) with u
            drawn from [1, chrono - 1], so that the state of each unit lasts u + 1 steps; the
            bias of an LSTM's i starts at -log(u) (Tallec & Ollivier 2018). It replaces
            forget_bias; a plain RNN has no such gate.
        orthogonal: whether recurrent matrices are initialized orthogonally, by gate (Saxe et al.
            2014).
        zero_head: whether to initialize the head with zeros, so that training starts from the
            forecast of the normalization.
        shortcut: whether to add a linear map of the whole sequence to the head's output; all
            sequences must then have ``steps`` steps.
        shift, scale: the input x is normalized to (x - shift) / scale, so that the weights' file
            includes the normalization.
    """

    def __init__(
        self,
        features: int,
        outputs: int,
        cell: str = "lstm",
        hidden_size: int = 50,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        pooling: str = "last",
        head_dropout: float = 0.0,
        forget_bias: float = 0.0,
        chrono: int = 0,
        orthogonal: bool = False,
        zero_head: bool = False,
        shortcut: bool = False,
        steps: int = 0,
        shift: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        options = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
        self.recurrent = CELLS[cell](
            input_size=features,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=True,
            # torch warns about dropout with a single layer
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
            **options,
        )
        self.head_dropout = nn.Dropout(head_dropout)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), outputs)
        self.shortcut = nn.Linear(steps * features, outputs, bias=False) if shortcut else None
        self.pooling = pooling
        self.register_buffer("shift", torch.tensor(float(shift)))
        self.register_buffer("scale", torch.tensor(float(scale)))
        self._initialize(cell, forget_bias, orthogonal)
        if chrono:
            self._initialize_chrono(cell, chrono)
        if zero_head:
            for parameter in self.head.parameters():
                nn.init.zeros_(parameter)
            if self.shortcut is not None:
                nn.init.zeros_(self.shortcut.weight)

    def _initialize(self, cell: str, forget_bias: float, orthogonal: bool) -> None:
        hidden = self.recurrent.hidden_size
        for name, parameter in self.recurrent.named_parameters():
            if orthogonal and name.startswith("weight_hh"):
                for gate in parameter.data.split(hidden):
                    nn.init.orthogonal_(gate)
            if cell == "lstm" and forget_bias and name.startswith("bias"):
                value = forget_bias if name.startswith("bias_ih") else 0.0
                parameter.data[hidden : 2 * hidden] = value

    def _initialize_chrono(self, cell: str, longest: int) -> None:
        """Chrono initialisation: see ``chrono`` above."""
        hidden = self.recurrent.hidden_size
        # torch's order of gates: i, f, g, o in an LSTM; r, z, n in a GRU
        signs = {"lstm": {0: -1, 1: 1}, "gru": {1: 1}}.get(cell, {})
        biases = dict(self.recurrent.named_parameters())
        for name in biases:
            if name.startswith("bias_ih"):
                start = torch.empty(hidden).uniform_(1, longest - 1).log()
                for gate, sign in signs.items():
                    rows = slice(gate * hidden, (gate + 1) * hidden)
                    # torch adds two biases: the recurrent one is zeroed
                    biases[name].data[rows] = sign * start
                    biases[name.replace("ih", "hh")].data[rows] = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """The outputs for sequences x [N, T, F] of any dtype: [N, K]."""
        x = self._normalized(x)
        output = recurrent_outputs(self.recurrent, x)  # [N, T, D * H]
        answer = self.head(self.head_dropout(self._pooled(output)))
        return answer if self.shortcut is None else answer + self.shortcut(x.flatten(1))

    def answers_by_step(self, x: Tensor) -> Tensor:
        """Outputs after 1, 2, … T steps of x [N, T, F]: [N, T, K].

        A unidirectional network runs once. A bidirectional one runs for each length, since its
        backward half starts at the last step of its input. A shortcut, which needs all steps, is
        left out.
        """
        x = self._normalized(x)
        if self.recurrent.bidirectional:
            lengths = range(1, x.shape[1] + 1)
            read = [self._pooled(self.recurrent(x[:, :length])[0]) for length in lengths]
            return self.head(torch.stack(read, dim=1))
        return self.head(self._pooled_so_far(self.recurrent(x)[0]))

    def _normalized(self, x: Tensor) -> Tensor:
        return (x.to(self.shift.dtype) - self.shift) / self.scale

    def _pooled_so_far(self, output: Tensor) -> Tensor:
        """``_pooled`` after each step of a unidirectional network: [N, T, H]."""
        if self.pooling == "mean":
            counts = torch.arange(1, output.shape[1] + 1, device=output.device)
            return output.cumsum(dim=1) / counts[:, None]
        return output.cummax(dim=1).values if self.pooling == "max" else output

    def _pooled(self, output: Tensor) -> Tensor:
        """Reduce outputs [N, T, D * H] over time: [N, D * H]."""
        if self.pooling == "mean":
            return output.mean(dim=1)
        if self.pooling == "max":
            return output.amax(dim=1)
        if not self.recurrent.bidirectional:
            return output[:, -1]
        forward, backward = output.chunk(2, dim=2)
        return torch.cat([forward[:, -1], backward[:, 0]], dim=1)


def count_parameters(network: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
