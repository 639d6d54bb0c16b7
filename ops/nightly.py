"""`make nightly`: one night of the company under Airflow, then its campaigns, then the summary.

The DAGs run one after another in this process (`dag.test`), without a scheduler; what Airflow logs goes to a file.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from airflow_environment import ROOT, environment

HOME = Path(os.environ["MANDEGAR_HOME"])
COMPANY = Path(os.environ["MANDEGAR_COMPANY"])


def main() -> int:
    """Gives 0 only if every task of every DAG succeeded."""
    day = os.environ.get("AS_OF") or closed_day()
    log = HOME / "airflow" / "nightly.log"
    env = environment(HOME, COMPANY)
    print(f"==> night of {day} (Airflow's log: {log})", flush=True)
    with log.open("w") as stream:
        watch, tell = os.pipe()
        run = subprocess.Popen(
            [sys.executable, __file__, "--under-airflow", day],
            env=env | {"MANDEGAR_PROGRESS_FD": str(tell)},
            stdout=stream,
            stderr=subprocess.STDOUT,
            pass_fds=[tell],
        )
        os.close(tell)
        try:
            with os.fdopen(watch, encoding="utf-8") as progress:
                for line in progress:
                    print(line, end="", flush=True)
            failed = run.wait()
        except KeyboardInterrupt:
            run.terminate()
            run.wait()
            print("\nStopped. Run it again: the night begins anew, and nothing is done twice.")
            return 130
    if failed:
        print(f"The night failed. The end of {log}:\n", file=sys.stderr)
        print("\n".join(log.read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)
        return 1
    mandegar = ROOT / ".venv" / "bin" / "mandegar"
    return subprocess.run([mandegar, "summary", "--company", COMPANY, "--as-of", day], env=env, check=False).returncode


def closed_day() -> str:
    """The last day the sample knows of; of any other company, yesterday in its time zone."""
    import json

    from mandegar.config.company import load
    from mandegar.pipeline.stages import last_closed

    made = COMPANY / "truth" / "sample.json"
    yesterday = last_closed(load(COMPANY), datetime.now(UTC)).isoformat()
    return min(json.loads(made.read_text())["until"], yesterday) if made.is_file() else yesterday


def under_airflow(day: str) -> int:
    """Runs the DAGs for a day; gives the number of runs that failed."""
    from mandegar_airflow import campaigns, say

    say("starting Airflow")
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    if bag.import_errors:
        raise SystemExit(f"DAGs cannot be read: {bag.import_errors}")
    failed = 0
    for waiting in (campaign.id for campaign in campaigns() if campaign.live):
        say(f"campaign {waiting} is live and asks before it sends: it runs under `make up`")
    for dag_id in ["nightly", *(f"campaign_{campaign.id}" for campaign in campaigns() if not campaign.live)]:
        run = bag.dags[dag_id].test(logical_date=None, run_conf={"as_of": day})
        if run.state != "success":
            failed += 1
            say(f"{dag_id} {run.state}")
            break
    return failed


if __name__ == "__main__":
    sys.exit(under_airflow(sys.argv[2]) if sys.argv[1:2] == ["--under-airflow"] else main())
