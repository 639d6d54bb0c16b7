"""`make up`: Airflow with its page on this machine, every DAG unpaused, until Ctrl-C."""

import os
import signal
import time
from pathlib import Path

from airflow_environment import ROOT, password
from airflow_server import Airflow


def main() -> None:
    """Starts, says where it is and how to log in, waits, stops."""
    home, company = Path(os.environ["MANDEGAR_HOME"]), Path(os.environ["MANDEGAR_COMPANY"])
    own = company / "campaigns"
    campaigns = list((own if own.is_dir() else ROOT / "include" / "company" / "campaigns").glob("*.yaml"))
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _stop)
    print("==> starting Airflow (about half a minute)", flush=True)
    try:
        with Airflow(home, company, int(os.environ.get("PORT", "8080"))) as airflow:
            dags = airflow.dags(1 + len(campaigns))
            airflow.unpause(dags)
            print(f"==> {airflow.url}   user: admin   password: {password(home)}")
            print(f"    unpaused: {', '.join(dags)}; the scheduler begins with yesterday's night")
            print("    Close another day: trigger `nightly` with the day as its partition key. Stop with Ctrl-C.", flush=True)
            while airflow.process.poll() is None:
                time.sleep(1)
    except KeyboardInterrupt:
        print("\n==> stopped", flush=True)


def _stop(*_: object) -> None:
    """Leaves by way of the `with` block, which stops every process of Airflow."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
