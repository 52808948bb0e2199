"""A stage in several processes of this machine, started by torchrun's own library."""

import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from rnnlab.core.errors import InputError


def launch(processes: int, module: str, *arguments: str) -> None:
    """Run ``python -m MODULE ARGUMENTS`` in so many ``processes`` and wait for them.

    It does what ``torchrun --standalone --nproc-per-node=PROCESSES -m MODULE ARGUMENTS`` does,
    but for the screen of torchrun's own words when a process fails.

    Raises:
        InputError: a process was killed. The others have then been ended.
        SystemExit: a process failed, and has said why.
        KeyboardInterrupt: Ctrl-C, or another signal to end.
    """
    logging.disable()  # what torchrun says of a failure fills a screen; one line follows below
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=module,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",  # a port that is free
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
            " the others were ended; `dvc repro` goes on from the last checkpoint"
        ) from None
    except SignalException:
        raise KeyboardInterrupt from None
