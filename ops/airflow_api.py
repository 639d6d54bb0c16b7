"""What is asked of a running Airflow over its REST API, wherever it runs."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")
NOT_YET = (urllib.error.URLError, ConnectionError, TimeoutError, KeyError)
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class Api:
    """An Airflow by its address. log: where to look when something does not come about."""

    def __init__(self, url: str, log: Any) -> None:
        self.url, self.log = url, log
        self._token: str | None = None

    def login(self, password: str) -> None:
        """As `admin`, for all that is asked afterwards."""
        self._token = None
        self._token = self.ask("POST", "/auth/token", {"username": "admin", "password": password})["access_token"]

    def healthy(self) -> bool:
        """Whether every part of it says so."""
        health = self.ask("GET", "/api/v2/monitor/health")
        return all(health[part]["status"] == "healthy" for part in PARTS)

    def stopped(self) -> bool:
        """Whether waiting for it has no sense any more."""
        return False

    def ask(self, method: str, path: str, body: dict | None = None) -> Any:
        """One call of the REST API. Errors: urllib.error.HTTPError with Airflow's own words."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def until(self, what: str, ask: Callable[[], Found], seconds: float = 120) -> Found:
        """Asks again and again until the answer is true. Errors: TimeoutError that names what was waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.stopped():
                raise RuntimeError(f"Airflow stopped while waiting until it is {what}; see {self.log}")
            try:
                if found := ask():
                    return found
            except NOT_YET:
                pass
            time.sleep(0.5)
        raise TimeoutError(f"Airflow was not {what} within {seconds:.0f} s; see {self.log}")

    def dags(self, count: int) -> list[str]:
        """The DAGs, once that many have been read. Errors: RuntimeError when a DAG file cannot be."""
        found = self.until("done reading the DAGs", lambda: self._dag_ids(count))
        errors = self.ask("GET", "/api/v2/importErrors")
        if errors["total_entries"]:
            raise RuntimeError(f"DAG files cannot be read: {errors['import_errors']}")
        return found

    def _dag_ids(self, count: int) -> list[str]:
        found = [dag["dag_id"] for dag in self.ask("GET", "/api/v2/dags?limit=100&exclude_stale=true")["dags"]]
        return sorted(found) if len(found) >= count else []

    def unpause(self, dag_ids: list[str]) -> None:
        """Consumers first, the producer last, so that no night passes them by."""
        for dag_id in sorted(dag_ids, key=lambda dag_id: dag_id == "nightly"):
            self.ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, partition_key: str) -> str:
        """Starts a run for a partition; gives its id."""
        run = self.ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "partition_key": partition_key})
        return run["dag_run_id"]

    def runs(self, dag_id: str) -> dict[str, str]:
        """The state of each partition's newest run of a DAG."""
        runs = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=run_after")["dag_runs"]
        return {run["partition_key"]: run["state"] for run in runs}

    def days(self, dag_id: str, state: str) -> list[str]:
        """The partitions of a DAG's runs in a state, in the order of their start."""
        found = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100&state={state}&order_by=start_date")["dag_runs"]
        return [run["partition_key"] for run in found]

    def failed_tasks(self, dag_id: str) -> list[str]:
        """Task instances of a DAG that failed, with their run."""
        found = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?limit=100&state=failed")["task_instances"]
        return [f"{one['dag_run_id']} {one['task_id']}" for one in found]
