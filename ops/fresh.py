"""`make fresh`: `make nightly` in an empty clone of HEAD, on machines that have CPython and make only, and what each of them saw.

    ops/fresh.py READY [RELEASE ...]

`READY bare DIR COMMAND` runs a command in DIR on such a machine; RELEASE in its environment says which: Debian's bookworm has
CPython 3.11, trixie 3.13. The machines have to give the same tables and lists, for the same day.
"""

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "var" / "fresh"
RELEASES = ("bookworm", "trixie")
CLOCKED = {"pipeline_run", "alembic_version"}  # the run log tells the time
PATIENCE = 30 * 60


def main(ready: str, releases: list[str]) -> int:
    """Gives 0 if every machine ran to the end, saw figures and lists, and all saw the same."""
    if not Path(ready).is_file():
        print(f"{ready} is not here. It makes bare machines: make fresh READY=/path/to/ready.sh", file=sys.stderr)
        return 1
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    LOGS.mkdir(parents=True, exist_ok=True)
    failed, prints = 0, set()
    for release in releases:
        log = LOGS / f"{release}.log"
        with tempfile.TemporaryDirectory(prefix=f"mandegar-fresh-{release}-") as folder:
            clone = Path(folder) / "mandegar"
            subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
            began = time.monotonic()
            with log.open("w") as stream:
                command = [ready, "bare", str(clone), "env", f"AS_OF={day}", "make", "nightly"]
                env = os.environ | {"RELEASE": release}
                try:
                    code = subprocess.run(
                        command, env=env, stdout=stream, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False
                    ).returncode
                except subprocess.TimeoutExpired:
                    code = f"nothing, within {PATIENCE} s"
            took = time.monotonic() - began
            try:
                assert code == 0, f"make nightly gave {code}"
                told, seen = saw(clone, day)
            except (AssertionError, OSError, sqlite3.Error) as problem:
                failed += 1
                print(f"{release}: FAILED after {took:.0f} s: {problem}. The end of {log}:", flush=True)
                print("\n".join(log.read_text(errors="replace").splitlines()[-30:]), flush=True)
                continue
            prints.add(seen)
            print(f"{release}: {told}; {took:.0f} s", flush=True)
    if len(prints) > 1:
        print("The machines do not give the same tables and lists.", file=sys.stderr)
    return int(bool(failed) or len(prints) != 1)


def saw(clone: Path, day: str) -> tuple[str, str]:
    """What a machine made of the night: in words, and as a fingerprint of tables and lists. Errors: AssertionError when one is empty."""
    made_by = re.search(r"^version = (\S+)", (clone / ".venv" / "pyvenv.cfg").read_text(), re.MULTILINE)
    assert made_by, "the environment does not say which CPython made it"
    warehouse = sqlite3.connect(clone / "var" / "warehouse.db")
    names = [name for (name,) in warehouse.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    seen = hashlib.sha256()
    rows = 0
    for name in sorted(set(names) - CLOCKED):
        found = sorted(map(repr, warehouse.execute(f'SELECT * FROM "{name}"')))  # noqa: S608 - the warehouse's own names
        rows += len(found)
        seen.update("\n".join([name, *found]).encode())
    customers = warehouse.execute(
        "SELECT value FROM kpi_period WHERE metric = 'customers_end' AND dimension = 'all' AND period_kind = 'month' "
        "ORDER BY period_start DESC"
    ).fetchone()
    warehouse.close()
    assert customers and int(customers[0]) > 1000, f"the newest month has customers: {customers}"
    lists = []
    for manifest in sorted((clone / "var" / "lists").glob(f"*/{day}/manifest.json")):
        told = json.loads(manifest.read_text())
        seen.update(manifest.read_bytes())
        lists.append(f"{told['campaign_id']} {told['rows']['send']}")
        assert told["rows"]["send"], f"the list of {told['campaign_id']} is empty"
    assert len(lists) == 2, f"lists of that night: {lists}"
    return (
        f"CPython {made_by[1]}, night of {day}: {len(names)} tables with {rows} rows, {int(customers[0])} customers, "
        f"to send: {', '.join(lists)}; fingerprint {seen.hexdigest()[:12]}",
        seen.hexdigest(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or list(RELEASES)))
