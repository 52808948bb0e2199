"""Training steps as one CUDA graph, which is captured once and replayed for each batch.

On a GPU the step of a small network takes longer to launch, kernel by kernel, than to compute. A
graph launches all of it at once. A captured step cannot receive numbers from the host, so it finds
on the device what differs from step to step: a counter selects the batch, its augmentation, the
learning rate and the share of the average. See "CUDA Graphs" in PyTorch's notes on CUDA semantics.
"""

from collections.abc import Callable
from functools import cache
from typing import ClassVar

import torch
from torch import Tensor, nn

from rnnlab.core.params import Train
from rnnlab.networks.samples import Samples
from rnnlab.training.augmentation import Augmentation
from rnnlab.training.checkpoints import State, print_once
from rnnlab.training.distributed import world_size
from rnnlab.training.optimizer import Optimization
from rnnlab.training.steps import Steps

# the first steps run eagerly: libraries set up what they need, which a capture forbids
WARM_UP = 3
# whole batches of an epoch below which a graph saves no time
MIN_BATCHES = 16


def make_steps(
    network: nn.Module,
    train: Samples,
    settings: Train,
    augment: Augmentation | None,
    steps: int,
) -> Steps:
    """The training steps of ``network``, in a CUDA graph where that works.

    Args:
        train, settings, augment: see ``Steps``.
        steps: number of steps of the learning rate schedule.
    """
    if usable(network, train, settings):
        optimization = GraphOptimization.from_settings(network, settings, steps)
        return GraphSteps(network, train, settings, optimization, augment)
    eager = Optimization.from_settings(network, settings, steps)
    return Steps(network, train, settings, eager, augment)


def usable(network: nn.Module, train: Samples, settings: Train) -> bool:
    """Whether a graph of a training step is possible and saves time.

    Windows of series are cut with numbers from the host, cuDNN's dropout between layers keeps a
    random state of its own, and torch's SGD has no capturable form.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.RNNBase)]
    return (
        next(network.parameters()).device.type == "cuda"
        and world_size() == 1
        and train.capturable
        and settings.optimizer in ("adam", "adamw")
        and train.per_epoch // settings.batch_size >= MIN_BATCHES
        and not any(layer.num_layers > 1 and layer.dropout for layer in layers)
    )


class GraphOptimization(Optimization):
    """An optimization that reads its learning rate and the average's share on the device.

    ``count`` keeps the numbers of the host, since a replay does not run this code.
    """

    capturable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        shares = [self.average.share(step) for step in range(1, len(self.rates) + 1)]
        self.device_rates = torch.tensor(self.rates, device=self.device)
        self.device_shares = torch.tensor(shares, device=self.device)
        self.device_taken = torch.zeros(1, dtype=torch.long, device=self.device)
        self.rate = torch.zeros((), device=self.device)
        self._share_rate()

    def _share_rate(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate

    def start_epoch(self) -> None:
        self.device_taken.fill_(self.taken)

    @torch.no_grad()
    def update_weights(self) -> None:
        self.rate.copy_(self.device_rates.index_select(0, self.device_taken)[0])
        self.optimizer.step()
        self.average.blend(self.device_shares.index_select(0, self.device_taken)[0])
        self.device_taken += 1

    def count(self, steps: int) -> None:
        """Add steps that were taken on the device."""
        self.taken += steps

    def state_dict(self) -> State:
        state = super().state_dict()
        for group in state["optimizer"]["param_groups"]:
            # a checkpoint cannot hold one tensor twice, and each step sets the rate anyway
            group["lr"] = self.rates[0]
        return state

    def load_state_dict(self, state: State) -> None:
        super().load_state_dict(state)
        self._share_rate()


class GraphSteps(Steps):
    """Steps of which those of whole batches are replays of a CUDA graph.

    The last, smaller batch of an epoch runs eagerly, and so do all steps if the capture fails.
    """

    optimization: GraphOptimization

    def __init__(
        self,
        network: nn.Module,
        train: Samples,
        settings: Train,
        optimization: GraphOptimization,
        augment: Augmentation | None,
    ) -> None:
        super().__init__(network, train, settings, optimization, augment)
        whole, size = train.per_epoch // settings.batch_size, settings.batch_size
        self.order = torch.zeros(whole, size, dtype=torch.long, device=self.device)
        self.matrices = torch.zeros(whole, size, 2, 3, device=self.device)
        self.place = torch.zeros(1, dtype=torch.long, device=self.device)
        self.replay: Callable[[], None] | None = None

    def run_batches(
        self,
        batches: tuple[Tensor, ...],
        matrices: tuple[Tensor, ...] | None,
        on_batch: Callable[[], None],
    ) -> None:
        whole, left = len(self.order), 0
        self.optimization.start_epoch()
        torch.stack(batches[:whole], out=self.order)
        if matrices is not None:
            torch.stack(matrices[:whole], out=self.matrices)
        self.place.zero_()
        if self.replay is None:
            left = min(WARM_UP, whole)
            warm_up(self._step_in_place, left)
            self.replay = capture(self._step_in_place)
        for number in range(whole):
            if number >= left:
                self.replay()
            on_batch()
        rest = None if matrices is None else matrices[whole:]
        super().run_batches(batches[whole:], rest, on_batch)
        self.optimization.count(len(batches))

    def _step_in_place(self) -> None:
        """A step on the batch at ``place``, with nothing from the host."""
        chosen = self.order.index_select(0, self.place)[0]
        matrices = None
        if self.augment is not None:
            matrices = self.matrices.index_select(0, self.place)[0]
        self.step(chosen, matrices)
        self.place += 1


def warm_up(step: Callable[[], None], count: int) -> None:
    """Run the first steps of training on a stream of their own, as a capture requires."""
    stream, here = torch.cuda.Stream(), torch.cuda.current_stream()
    stream.wait_stream(here)
    with torch.cuda.stream(stream):
        for _ in range(count):
            step()
    here.wait_stream(stream)


def capture(step: Callable[[], None]) -> Callable[[], None]:
    """Capture ``step`` without running it; return its replay, or ``step`` if that fails."""
    graph, here = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
    random_state = torch.cuda.get_rng_state()
    try:
        # thread_local: what other threads ask of CUDA meanwhile is no error
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            step()
    except RuntimeError as error:
        # a capture that fails may leave its own stream as the current one
        torch.cuda.set_stream(here)
        release_generator(random_state)
        _report(str(error).strip().partition("\n")[0])
        return step
    return graph.replay


def release_generator(random_state: Tensor) -> None:
    """Put CUDA's generator back after a failed capture, which still holds its state."""
    device = torch.device("cuda", torch.cuda.current_device())
    fresh = torch.Generator(device)
    fresh.set_state(random_state)
    torch.cuda.default_generators[device.index].graphsafe_set_state(fresh.graphsafe_get_state())


@cache
def _report(reason: str) -> None:
    """Say once why training is slower than it could be."""
    print_once(f"warning: training runs without a CUDA graph, so small networks are slow: {reason}")
