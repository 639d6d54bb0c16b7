"""Two at once: who works in a home takes a lock there; the others wait, and say for whom.

A lock ends with the process that holds it, however it ends. It holds for one machine, and for several that share the home.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from fasteners import InterProcessReaderWriterLock

from mandegar.errors import Busy

PATIENCE = 6 * 3600.0  # seconds
NIGHT = "night"  # alone for a whole night; shared by single stages and campaigns
LAKE, WAREHOUSE, CAMPAIGNS, ALERTS, MODELS = "lake", "warehouse", "campaigns", "alerts", "models"


@contextmanager
def locked(
    home: Path, name: str, what: str, *, shared: bool = False, say: Callable[[str], None] | None = None, patience: float = PATIENCE
) -> Iterator[None]:
    """Holds a lock of a home for the length of a `with` block, and waits for it as long as others hold it.

    what: what is being done, in words, told to those who wait. shared: beside others that share it, and without those that do not.
    say: hears once whom this one waits for. Errors: Busy when the others take longer than `patience` seconds.
    """
    folder = home / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = InterProcessReaderWriterLock(folder / f"{name}.lock"), folder / f"{name}.holder"
    acquire, release = (lock.acquire_read_lock, lock.release_read_lock) if shared else (lock.acquire_write_lock, lock.release_write_lock)
    if not acquire(blocking=False):
        if say:
            say(f"waiting for {_holder(holder)}")
        began = time.monotonic()
        if not acquire(timeout=patience):
            release()
            raise Busy(
                f"{home}: {_holder(holder)} has not ended for {time.monotonic() - began:,.0f} seconds. "
                "Wait for it, or end that process, and run this again."
            )
    try:
        holder.write_text(f"{what} (process {os.getpid()}, since {datetime.now():%H:%M:%S})", encoding="utf-8")
        yield
    finally:
        release()


def of_table(name: str) -> str:
    """The name of the lock of one source table."""
    return f"table-{sha256(name.encode()).hexdigest()[:16]}"


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"
