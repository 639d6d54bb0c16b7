"""A real Spark cluster on this machine: a standalone master and two workers, each a process of its own."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

WORKERS = 2
PATIENCE = 60.0


@dataclass(frozen=True)
class Cluster:
    """A master with its workers, and where its applications leave their event logs."""

    master: str
    folder: Path
    worker_ports: frozenset[int]

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to compute on the cluster: Spark's own configuration. more: its further settings, _ for a dot."""
        settings = {
            "spark.master": self.master,
            "spark.driver.host": "127.0.0.1",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": f"file://{self.folder / 'events'}",
            "spark.executor.memory": "512m",
            "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
            "spark.locality.wait": "0s",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # nothing begins before both workers are there
        }
        for_tests = (Path(__file__).parents[1] / "spark" / "spark-defaults.conf").read_text(encoding="utf-8")
        settings |= {key.replace("_", "."): value for key, value in more.items()}
        conf = self.folder / f"conf{len(list(self.folder.iterdir()))}"
        conf.mkdir()
        lines = "".join(f"{key} {value}\n" for key, value in settings.items())
        (conf / "spark-defaults.conf").write_text(for_tests + lines, encoding="utf-8")
        return os.environ | {"SPARK_CONF_DIR": str(conf), "SPARK_LOCAL_IP": "127.0.0.1"}

    def tasks(self) -> dict[int, int]:
        """How many tasks each worker has done, by the port of its web page, as the event logs of all applications tell."""
        done = dict.fromkeys(self.worker_ports, 0)
        for log in (self.folder / "events").iterdir():
            ports: dict[str, int] = {}
            for line in log.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                if event["Event"] == "SparkListenerExecutorAdded":
                    page = event["Executor Info"]["Log Urls"]["stdout"]
                    ports[event["Executor ID"]] = next(port for port in self.worker_ports if f":{port}/" in page)
                elif event["Event"] == "SparkListenerTaskEnd" and event["Task End Reason"]["Reason"] == "Success":
                    done[ports[event["Task Info"]["Executor ID"]]] += 1
        return done


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def process(folder: Path, name: str, *arguments: str) -> Iterator[Callable[[], str]]:
    """A Spark daemon in a process group of its own, which ends with the block; gives what reads its log."""
    import pyspark

    home, log = Path(pyspark.__file__).parent, folder / f"{name}.log"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "PYSPARK_"))}
    environment |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
    with log.open("wb") as stream:
        started = subprocess.Popen(
            [home / "bin" / "spark-class", *arguments], env=environment, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        yield lambda: log.read_text(encoding="utf-8", errors="replace")
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):  # a worker takes its executors along when it is asked to stop
            try:
                os.killpg(started.pid, sign)
                started.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def workers_alive(page: str) -> int:
    """How many workers a master says it has; none while it does not answer yet."""
    try:
        with urlopen(page, timeout=5) as answer:
            return sum(worker["state"] == "ALIVE" for worker in json.load(answer)["workers"])
    except OSError:
        return 0


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A standalone Spark of two workers with a core each, for the length of a `with` block."""
    (folder / "events").mkdir()
    port, page, pages = free_port(), free_port(), [free_port() for _ in range(WORKERS)]
    master = f"spark://127.0.0.1:{port}"
    here = ("--host", "127.0.0.1", "--webui-port")
    with ExitStack() as running:
        told = [
            running.enter_context(process(folder, "master", "org.apache.spark.deploy.master.Master", *here, str(page), "--port", str(port)))
        ]
        for own in pages:
            size = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"worker-{own}"))
            told.append(
                running.enter_context(
                    process(folder, f"worker-{own}", "org.apache.spark.deploy.worker.Worker", *here, str(own), *size, master)
                )
            )
        deadline = time.monotonic() + PATIENCE
        while workers_alive(f"http://127.0.0.1:{page}/json/") < WORKERS:
            assert time.monotonic() < deadline, "\n".join(log() for log in told)
            time.sleep(0.2)
        yield Cluster(master, folder, frozenset(pages))
