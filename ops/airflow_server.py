"""A whole Airflow (API server, scheduler, DAG processor, triggerer) started and stopped from Python."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from airflow_api import Api
from airflow_environment import ROOT, environment, password


class Airflow(Api):
    """`airflow standalone` in a process group of its own; use it in a `with` block."""

    def __init__(self, home: Path, company: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.home = home
        super().__init__(f"http://127.0.0.1:{self.port}", home / "airflow" / "standalone.log")
        self.env = environment(home, company, self.port) | {
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }

    def __enter__(self) -> "Airflow":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as stream:
            command = [str(ROOT / ".venv" / "bin" / "airflow"), "standalone"]
            self.process = subprocess.Popen(command, env=self.env, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self.until("healthy", self.healthy, 180)
            self.login(password(self.home))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for sent, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, sent)
            except ProcessLookupError:
                break
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            time.sleep(1)

    def stopped(self) -> bool:
        return self.process.poll() is not None


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
