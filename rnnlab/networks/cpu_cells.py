"""Training of torch.nn.RNN and GRU on a CPU, with a hand-written backward pass.

On a CPU torch passes a whole LSTM to oneDNN, but runs an RNN and a GRU as a chain of small
operations, each with a node in the autograd graph, which takes most of the time in small networks.
Here a layer is one node: the weights' gradients of all steps are one product, and a step back in
time is two or three operations. Large networks spend most of the time in matrix products. These use
oneDNN here too, in bfloat16 under autocast; small products and all other operations stay in
float32. Weights and results are those of torch, up to rounding; ``python -m
benchmarks.speed.bench`` has the times.

Shapes: T steps, N sequences, F features, H = hidden_size, G = H in an RNN and 3 H in a GRU.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional as F

# number of multiplications from which oneDNN is faster than the BLAS behind torch.mm: on an AMD
# EPYC it takes half the time for large products, but twice the time for small ones
MIN_LARGE_PRODUCT = 2_000_000
# size of a step's hidden states [N, H] above which torch under autocast is faster, since it keeps
# the gates of all steps in 16 bits
MAX_CACHED_STATES = 50_000
_MINUS_ONE = torch.tensor(-1.0)


def recurrent_outputs(recurrent: nn.RNNBase, x: Tensor) -> Tensor:
    """The outputs of ``recurrent`` (batch_first) for x [N, T, F]: [N, T, D * H]."""
    training = recurrent.training and torch.is_grad_enabled()
    if not training or x.device.type != "cpu" or recurrent.mode == "LSTM":
        return recurrent(x)[0]
    use_bfloat16 = torch.is_autocast_enabled("cpu")
    if use_bfloat16 and len(x) * recurrent.hidden_size > MAX_CACHED_STATES:
        return recurrent(x)[0]
    with torch.autocast("cpu", enabled=False):
        return _all_layers(recurrent, x, use_bfloat16)


def _all_layers(recurrent: nn.RNNBase, x: Tensor, use_bfloat16: bool) -> Tensor:
    """Run all layers; ``use_bfloat16``: whether to compute large products in bfloat16."""
    # make each step contiguous, since steps are read one by one
    output = x.transpose(0, 1).contiguous()
    for layer in range(recurrent.num_layers):
        if layer and recurrent.dropout:
            output = F.dropout(output, recurrent.dropout)
        forward = _run(recurrent, output, f"l{layer}", use_bfloat16)
        if recurrent.bidirectional:
            backward = _run(recurrent, output.flip(0), f"l{layer}_reverse", use_bfloat16).flip(0)
            forward = torch.cat([forward, backward], dim=2)
        output = forward
    return output.transpose(0, 1)


def _run(recurrent: nn.RNNBase, x: Tensor, layer: str, use_bfloat16: bool) -> Tensor:
    """One layer in one direction: [T, N, F] to [T, N, H]."""
    w_ih, w_hh = (getattr(recurrent, f"weight_{kind}_{layer}") for kind in ("ih", "hh"))
    b_ih = b_hh = w_ih.new_zeros(len(w_ih))
    if recurrent.bias:
        b_ih, b_hh = (getattr(recurrent, f"bias_{kind}_{layer}") for kind in ("ih", "hh"))
    if recurrent.mode == "GRU":
        return _GRU.apply(_Linear.apply(x, w_ih, b_ih, use_bfloat16), w_hh, b_hh, use_bfloat16)
    a = _Linear.apply(x, w_ih, b_ih + b_hh, use_bfloat16)
    return _RNN.apply(a, w_hh, recurrent.mode == "RNN_RELU", use_bfloat16)


class _Linear(Function):
    """The contribution of the input to the gates of all steps: x [T, N, F] to [T, N, G]."""

    @staticmethod
    def forward(
        context: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor, use_bfloat16: bool
    ) -> Tensor:
        context.save_for_backward(x, weight)
        context.use_bfloat16 = use_bfloat16
        return _product(x.flatten(0, 1), weight.t(), use_bfloat16).add_(bias).view(*x.shape[:2], -1)

    @staticmethod
    @once_differentiable
    def backward(context: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = context.saved_tensors
        d_x, grad = None, grad.flatten(0, 1)
        if context.needs_input_grad[0]:
            d_x = _product(grad, weight, context.use_bfloat16).view_as(x)
        d_w = _product(x.flatten(0, 1).t(), grad, context.use_bfloat16).t()
        return d_x, d_w, grad.sum(0), None


class _RNN(Function):
    """h_t = tanh(a_t + W_hh h_{t-1}), or relu, for a [T, N, H], the contribution of the input."""

    @staticmethod
    def forward(
        context: FunctionCtx, a: Tensor, w_hh: Tensor, relu: bool, use_bfloat16: bool
    ) -> Tensor:
        squash, scale = (Tensor.relu_, 1) if relu else (_tanh_of_half_, 2)
        h = scale * a
        add_product = _make_add_product(a.shape[1], scale * w_hh.t(), use_bfloat16)
        before = None
        for h_t in h.unbind():
            if before is not None:
                add_product(h_t, before)
            before = squash(h_t)
        context.save_for_backward(h, w_hh)
        context.relu, context.use_bfloat16 = relu, use_bfloat16
        return h

    @staticmethod
    @once_differentiable
    def backward(context: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        h, w_hh = context.saved_tensors
        slope = (h > 0).to(h.dtype) if context.relu else 1 - h * h
        add_product = _make_add_product(h.shape[1], w_hh, context.use_bfloat16)
        d_a = grad.clone()
        by_step = [*zip(d_a.unbind(), slope.unbind(), strict=True)]
        later = None
        for d_t, slope_t in reversed(by_step):
            if later is not None:
                add_product(d_t, later)
            later = d_t.mul_(slope_t)
        return d_a, _over_time(d_a, h, context.use_bfloat16), None, None


class _GRU(Function):
    """A GRU's h for a [T, N, 3 H], the contribution of the input to its gates r, z and n.

    r = σ(a_r + W_hr h + b_hr), z = σ(a_z + W_hz h + b_hz), n = tanh(a_n + r ⊙ k) with
    k = W_hn h + b_hn, and the new h is n + z ⊙ (h - n).
    """

    @staticmethod
    def forward(
        context: FunctionCtx, a: Tensor, w_hh: Tensor, b_hh: Tensor, use_bfloat16: bool
    ) -> Tensor:
        (steps, count, _), size = a.shape, w_hh.shape[1]
        # rows of h: the states before each step, and after the last one
        h = a.new_zeros(steps + 1, count, size)
        n = torch.empty_like(h[1:])
        # the argument of tanh is doubled: see _tanh_of_half_
        doubled = w_hh.clone()
        doubled[2 * size :] *= 2
        gates = a + b_hh  # r, z and 2 k
        gates[:, :, 2 * size :] = 2 * b_hh[2 * size :]
        add_product = _make_add_product(count, doubled.t(), use_bfloat16)
        a_n = 2 * a[:, :, 2 * size :]
        parts = [gates, gates[:, :, : 2 * size], *gates.split(size, dim=2), a_n, n]
        by_step = zip(h, h[1:], *(part.unbind() for part in parts), strict=False)
        for h_before, h_t, gates_t, rz_t, r_t, z_t, k_t, a_t, n_t in by_step:
            add_product(gates_t, h_before)
            rz_t.sigmoid_()
            _tanh_of_half_(torch.addcmul(a_t, r_t, k_t, out=n_t))
            torch.lerp(n_t, h_before, z_t, out=h_t)
        context.save_for_backward(h, gates, n, w_hh)
        context.use_bfloat16 = use_bfloat16
        return h[1:]

    @staticmethod
    @once_differentiable
    def backward(context: FunctionCtx, grad: Tensor) -> tuple[Tensor, ...]:
        h, gates, n, w_hh = context.saved_tensors
        r, z, k = gates.split(n.shape[2], dim=2)
        # factors from the gradient of h_t to that before each gate's σ or tanh, and to that of k
        to_n = (1 - n * n).mul_(1 - z)
        slopes = n.new_empty(*n.shape[:2], 3, n.shape[2])
        to_r, to_z, to_k = slopes.unbind(2)
        torch.mul(to_n, r, out=to_k)
        torch.mul(to_k, k, out=to_r).mul_((1 - r).div_(2))
        torch.sub(h[:-1], n, out=to_z).mul_(z).mul_(1 - z)
        add_product = _make_add_product(n.shape[1], w_hh, context.use_bfloat16)
        d_h, of_gates = grad.clone(), torch.empty_like(slopes)
        d_gates = of_gates.flatten(2)
        parts = [d_h, d_h.unsqueeze(2), z, slopes, of_gates, d_gates]
        by_step = [*zip(*(part.unbind() for part in parts), strict=True)]
        later = None
        for d_t, wide_t, z_t, slope_t, of_t, d_gates_t in reversed(by_step):
            if later is not None:
                d_later, z_later, d_gates_later = later
                add_product(d_t.addcmul_(d_later, z_later), d_gates_later)
            torch.mul(wide_t, slope_t, out=of_t)
            later = d_t, z_t, d_gates_t
        d_w, d_b = _over_time(d_gates, h[1:], context.use_bfloat16), d_gates.sum((0, 1))
        # a_n is not multiplied by r
        torch.mul(d_h, to_n, out=of_gates[:, :, 2])
        return d_gates, d_w, d_b, None


def _tanh_of_half_(x: Tensor) -> Tensor:
    """tanh(x / 2) = 2 σ(x) - 1, in place: torch computes σ several times as fast as tanh."""
    return torch.add(_MINUS_ONE, x.sigmoid_(), alpha=2, out=x)


def _over_time(d: Tensor, h: Tensor, use_bfloat16: bool) -> Tensor:
    """Gradient of W_hh: d_t [T, N, G] times h_{t-1}, summed over steps and sequences: [G, H]."""
    return _product(h[:-1].flatten(0, 1).t(), d[1:].flatten(0, 1), use_bfloat16).t()


def _product(left: Tensor, right: Tensor, use_bfloat16: bool) -> Tensor:
    """The product of matrices [R, I] and [I, C]: [R, C]."""
    return _make_multiply(len(left), right, use_bfloat16)(left)


def _make_add_product(
    rows: int, right: Tensor, use_bfloat16: bool
) -> Callable[[Tensor, Tensor], Tensor]:
    """A function that adds ``left`` [R, I] times ``right`` [I, C] to a matrix [R, C] in place."""
    if not _is_large(rows, right):
        return lambda total, left: total.addmm_(left, right)
    multiply = _make_multiply(rows, right, use_bfloat16)
    return lambda total, left: total.add_(multiply(left))


def _make_multiply(rows: int, right: Tensor, use_bfloat16: bool) -> Callable[[Tensor], Tensor]:
    """A function that multiplies a matrix [R, I] by ``right`` [I, C], for repeated use."""
    if not _is_large(rows, right):
        return lambda left: left @ right
    if use_bfloat16:
        right_bfloat16 = right.bfloat16()
        return lambda left: (left.bfloat16() @ right_bfloat16).float()
    product = large_product()
    return lambda left: product(left, right)


@cache
def large_product() -> Callable[[Tensor, Tensor], Tensor]:
    """A fast product of large float32 matrices [R, I] and [I, C]: oneDNN's, or torch.mm.

    torch has no public name for oneDNN's product. torch.mm is used if a build, a processor or a
    later version of torch does not support it.
    """
    left, right = torch.ones(2, 3), torch.arange(6.0).view(3, 2)
    try:
        operator = torch.ops.mkldnn._linear_pointwise
        found = operator(left, right.t(), None, "none", [], "")
    except (AttributeError, RuntimeError, TypeError):
        return torch.mm
    if not torch.equal(found, left @ right):
        return torch.mm
    return lambda left, right: operator(left, right.t(), None, "none", [], "")


def _is_large(rows: int, right: Tensor) -> bool:
    return right.dtype == torch.float32 and rows * right.numel() > MIN_LARGE_PRODUCT
