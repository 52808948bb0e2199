"""Run a stage in several processes on this machine, with the library of torchrun."""

import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from rnnlab.core.errors import InputError


def launch(processes: int, module: str, *arguments: str) -> None:
    """Run ``python -m MODULE ARGUMENTS`` in ``processes`` processes and wait for them.

    The same as ``torchrun --standalone --nproc-per-node=PROCESSES -m MODULE ARGUMENTS``, but
    without torchrun's long report when a process fails.

    Raises:
        InputError: a process was killed; the others have been ended.
        SystemExit: a process failed and has printed the reason.
        KeyboardInterrupt: Ctrl-C or another termination signal.
    """
    logging.disable()  # torchrun's report of a failure fills a screen; ours is one line
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=module,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",  # a free port
        max_restarts=0,
        shutdown_timeout=2,
    )
    try:
        elastic_launch(config, sys.executable)("-m", module, *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode > 0:
            sys.exit(failure.exitcode)
        raise InputError(
            f"process {rank} of {processes} was killed by {signal.Signals(-failure.exitcode).name};"
            " the others were ended; `dvc repro` continues from the last checkpoint"
        ) from None
    except SignalException:
        raise KeyboardInterrupt from None
