"""torch.nn.RNN and GRU trained on a CPU, with the derivative written out.

torch gives an LSTM on a CPU to oneDNN as a whole, but runs an RNN and a GRU as a chain of small
operations, each with its own entry in the graph of derivatives; for small networks most of the time
goes into that. Here a layer is one entry: the weights' gradients of all steps are one product, and
a step back in time is two or three operations. Same weights, same numbers but for rounding;
``python -m benchmarks.bench`` has the times.

Shapes: T steps, N sequences, F features, H = hidden_size.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def outputs_of(recurrent: nn.RNNBase, x: Tensor) -> Tensor:
    """What ``recurrent``, whose batch comes first, puts out for x [N, T, F]: [N, T, D * H]."""
    training = recurrent.training and torch.is_grad_enabled()
    # in bfloat16 torch multiplies in 16 bits but keeps h in 32; to do so here gains nothing
    exact = x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    if not training or not exact or recurrent.mode == "LSTM":
        return recurrent(x)[0]
    # memory of one step side by side, since step by step is how it is read
    output = x.transpose(0, 1).contiguous()
    for layer in range(recurrent.num_layers):
        if layer and recurrent.dropout:
            output = F.dropout(output, recurrent.dropout)
        forward = _run(recurrent, output, f"l{layer}")
        if recurrent.bidirectional:
            backward = _run(recurrent, output.flip(0), f"l{layer}_reverse").flip(0)
            forward = torch.cat([forward, backward], dim=2)
        output = forward
    return output.transpose(0, 1)


def _run(recurrent: nn.RNNBase, x: Tensor, layer: str) -> Tensor:
    """One layer in one direction: [T, N, F] to [T, N, H]."""
    w_ih, w_hh = (getattr(recurrent, f"weight_{kind}_{layer}") for kind in ("ih", "hh"))
    b_ih = b_hh = w_ih.new_zeros(len(w_ih))
    if recurrent.bias:
        b_ih, b_hh = (getattr(recurrent, f"bias_{kind}_{layer}") for kind in ("ih", "hh"))
    if recurrent.mode == "GRU":
        return _GRU.apply(F.linear(x, w_ih, b_ih), w_hh, b_hh)
    return _RNN.apply(F.linear(x, w_ih, b_ih + b_hh), w_hh, recurrent.mode == "RNN_RELU")


class _RNN(Function):
    """h_t = tanh(a_t + W_hh h_{t-1}), or relu, for a [T, N, H], what the input adds."""

    @staticmethod
    def forward(context: Any, a: Tensor, w_hh: Tensor, relu: bool) -> Tensor:
        h = torch.empty_like(a)
        across = w_hh.t()
        for t, (input_t, h_t) in enumerate(zip(a.unbind(), h.unbind(), strict=True)):
            if t:
                torch.addmm(input_t, h[t - 1], across, out=h_t)
            else:
                h_t.copy_(input_t)
            if relu:
                h_t.relu_()
            else:
                h_t.tanh_()
        context.save_for_backward(h, w_hh)
        context.relu = relu
        return h

    @staticmethod
    @once_differentiable
    def backward(context: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        h, w_hh = context.saved_tensors
        slope = (h > 0).to(h.dtype) if context.relu else 1 - h * h
        d_a = torch.empty_like(h)
        d_h = grad[-1]
        for t in range(len(h) - 1, -1, -1):
            torch.mul(d_h, slope[t], out=d_a[t])
            if t:
                d_h = torch.addmm(grad[t - 1], d_a[t], w_hh)
        return d_a, _over_time(d_a, h), None


class _GRU(Function):
    """A GRU's h for a [T, N, 3 H], what the input adds to its gates r, z and n.

    r = σ(a_r + W_hr h + b_hr), z = σ(a_z + W_hz h + b_hz), n = tanh(a_n + r ⊙ k) with
    k = W_hn h + b_hn, and the new h is n + z ⊙ (h - n).
    """

    @staticmethod
    def forward(context: Any, a: Tensor, w_hh: Tensor, b_hh: Tensor) -> Tensor:
        steps, count, gates = a.shape
        size = gates // 3
        # rows of h are states before each step, and after the last
        h = a.new_zeros(steps + 1, count, size)
        rz = a[:, :, : 2 * size] + b_hh[: 2 * size]
        k, n = torch.empty_like(h[1:]), torch.empty_like(h[1:])
        to_rz, to_n = w_hh[: 2 * size].t(), w_hh[2 * size :].t()
        r, z = (gate.unbind() for gate in rz.chunk(2, dim=2))
        by_step = zip(h, h[1:], rz, r, z, k, n, a[:, :, 2 * size :], strict=False)
        for h_before, h_t, rz_t, r_t, z_t, k_t, n_t, a_t in by_step:
            rz_t.addmm_(h_before, to_rz).sigmoid_()
            torch.addmm(b_hh[2 * size :], h_before, to_n, out=k_t)
            torch.addcmul(a_t, r_t, k_t, out=n_t).tanh_()
            torch.lerp(n_t, h_before, z_t, out=h_t)
        context.save_for_backward(h, rz, k, n, w_hh)
        return h[1:]

    @staticmethod
    @once_differentiable
    def backward(context: Any, grad: Tensor) -> tuple[Tensor, ...]:
        h, rz, k, n, w_hh = context.saved_tensors
        r, z = rz.chunk(2, dim=2)
        # how much of the gradient of h_t arrives before each gate's σ or tanh, and at k
        to_n = (1 - z) * (1 - n * n)
        slopes = torch.stack([to_n * k * r * (1 - r), (h[:-1] - n) * z * (1 - z), to_n * r], dim=2)
        of_h = torch.empty_like(slopes)  # [T, N, 3, H]
        d_h = torch.empty_like(n)
        d_h[-1] = grad[-1]
        for t in range(len(n) - 1, -1, -1):
            torch.mul(d_h[t].unsqueeze(1), slopes[t], out=of_h[t])
            if t:
                torch.addcmul(grad[t - 1], d_h[t], z[t], out=d_h[t - 1])
                d_h[t - 1].addmm_(of_h[t].flatten(1), w_hh)
        of_h = of_h.flatten(2)
        d_w, d_b = _over_time(of_h, h[1:]), of_h.sum((0, 1))
        d_a = of_h
        d_a[:, :, -n.shape[2] :] = d_h * to_n
        return d_a, d_w, d_b


def _over_time(d: Tensor, h: Tensor) -> Tensor:
    """Gradient of W_hh: d_t [T, N, G] times h_{t-1}, summed over steps and sequences: [G, H]."""
    return d[1:].flatten(0, 1).t() @ h[:-1].flatten(0, 1)
