"""One piece of work in a process of its own: how long it took, how much of the processors, and how much memory at its peak."""

import dataclasses
import multiprocessing
import os
import platform
import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """What a piece of work took, and what it gave.

    seconds: by the clock on the wall, without imports. processor: seconds that its threads computed, which tells of it more
    truly when others use the machine too. peak_mb: of the whole process, imports too; where it has children, of all together
    (looked at five times a second, pages that they share counted for each). load: how many processes wanted a
    processor in the minute before.
    """

    seconds: float
    processor: float
    peak_mb: float
    load: float
    result: Any = None

    def told(self) -> dict:
        """As JSON can hold it."""
        return {name: round(value, 2) for name, value in asdict(self).items() if name != "result"}


def alone(work: Callable[..., Any], *arguments: Any) -> Measured:
    """The work in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        family = _Family(process.submit(os.getpid).result())
        measured = process.submit(_measured, work, arguments).result()
        family.look_away()
    return dataclasses.replace(measured, processor=measured.processor + family.of_children, peak_mb=max(measured.peak_mb, family.peak_mb))


class _Family:
    """Watches a process and its children: the most memory they had together, and what the children computed."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._computed: dict[int, float] = {}
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, args=(psutil.Process(pid),), daemon=True)
        self._watch.start()

    @property
    def of_children(self) -> float:
        """Seconds of the processor, as last seen of each."""
        return sum(self._computed.values())

    def look_away(self) -> None:
        """Ends the watch."""
        self._over.set()
        self._watch.join()

    def _look(self, parent: psutil.Process) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                children = parent.children(recursive=True)
                if not children:
                    continue
                memory = parent.memory_info().rss
                for child in children:
                    memory += child.memory_info().rss
                    times = child.cpu_times()
                    self._computed[child.pid] = times.user + times.system
                self.peak_mb = max(self.peak_mb, memory / 2**20)
            except psutil.NoSuchProcess:
                continue  # it ended while it was looked at


def best(times: int, work: Callable[..., Any], *arguments: Any) -> Measured:
    """The quickest of several runs, each in a fresh process."""
    return min((alone(work, *arguments) for _ in range(times)), key=lambda one: one.seconds)


def together(parts: list[Measured]) -> Measured:
    """Pieces of work one after the other."""
    return Measured(
        sum(part.seconds for part in parts),
        sum(part.processor for part in parts),
        max(part.peak_mb for part in parts),
        max(part.load for part in parts),
    )


def machine() -> dict:
    """What the numbers were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _measured(work: Callable[..., Any], arguments: tuple) -> Measured:
    import great_expectations.expectations  # noqa: F401  # imports are paid before the clock starts
    import pandas  # noqa: F401

    import mandegar.pipeline.stages  # noqa: F401

    load = os.getloadavg()[0]
    began, used = time.perf_counter(), time.process_time()
    result = work(*arguments)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    return Measured(seconds, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, load, result)
