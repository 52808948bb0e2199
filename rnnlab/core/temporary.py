"""Temporary folders beside what they become, and locks on folders; neither leaves anything behind.

Names are unique, so that two processes that write the same file never meet in one temporary folder,
and a folder that a person calls ``mine.partial`` is never taken for one.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where folders have no locks
    fcntl = None  # type: ignore[assignment]

PATTERN = ".rnnlab-{}.partial"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread is in such a block for ``folder``.

    The block must not lock the same folder again. On a file system without locks it waits for none.
    """
    # a temporary folder is held by its process already
    if fnmatch(folder.name, PATTERN.format("*")):
        yield
        return
    with _open_folder(folder) as descriptor:
        _lock(descriptor)
        yield


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in ``parent``, which is made, too; what is left of it is deleted.

    What killed processes have left in ``parent`` is deleted as well.

    Raises:
        OSError: ``parent`` cannot be written to.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _delete_abandoned(parent.resolve())
    folder = parent / PATTERN.format(secrets.token_hex(8))
    with ExitStack() as held:
        with locked(parent):
            try:
                # unlike those of tempfile, this folder has the permissions of any other
                folder.mkdir()
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(parent)) from None
            # while this process lives
            _lock(held.enter_context(_open_folder(folder)))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _delete_abandoned(parent: Path) -> None:
    """Delete temporary folders whose process has ended, once for each folder and process."""
    with locked(parent):
        for folder in parent.glob(PATTERN.format("*")):
            # another process deletes its own without waiting
            with suppress(OSError), _open_folder(folder) as descriptor:
                if _lock(descriptor, wait=False):
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _open_folder(folder: Path) -> Iterator[int | None]:
    if fcntl is None:
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        # a process that was forked in the meantime has this descriptor, too
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _lock(descriptor: int | None, wait: bool = True) -> bool:
    """Whether the lock is held now; the system releases it when the process ends."""
    if descriptor is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
