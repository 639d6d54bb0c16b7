"""`make compose-check`: docker-compose.yaml as it stands, run from `up` to `down` on this machine's Docker, every step held to something.

Up; healthy; the login; a night through Celery onto PostgreSQL; a second one, whose worker is killed in the middle;
the campaigns that follow them; down and up again; the second night once more. The tables and lists have to be those of the same two nights
that nobody disturbed (`mandegar night`, in a container of the same image, into a database and a home of its own).

    python3 ops/compose_check.py        needs Docker with Compose, a sample company of today in ./company, and no .env

A project name of its own keeps its containers, volumes and network apart; they are gone at the end. It needs port 8080, and builds
the image mandegar:0.1.0. KEEP=1 leaves everything running.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from airflow_api import Api

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "mandegar-compose-check"
LASTING = ("postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
DAGS = ["campaign_renewal_reminder", "campaign_win_back", "nightly"]
KILLED_IN = "measure"
CLOCKED = "'pipeline_run', 'alembic_version'"  # the run log tells the time
REFERENCE = {"MANDEGAR_HOME": "/tmp/reference"}
ON_LISTS = "SELECT count(*), count(DISTINCT (campaign_id, person_key, as_of)) FROM contact_event"
WRITTEN: list[Path] = []


class Failed(Exception):
    """A step did not hold; its words say which, and what was found."""


def compose(*words: str, patience: float = 120, **options: object) -> str:
    """`docker compose …` of this check's project; gives what it prints. Errors: Failed when it fails or takes too long."""
    command = ["docker", "compose", "--project-name", PROJECT, *words]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patience, check=False, **options)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise Failed(f"docker compose {' '.join(words)}: not done within {patience:.0f} s") from None
    if done.returncode:
        raise Failed(f"docker compose {' '.join(words)[:300]} gave {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def inside(service: str, *words: str, patience: float = 120, **environment: str) -> str:
    """A command in a service's container."""
    given = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return compose("exec", "-T", *given, service, *words, patience=patience)


def sql(question: str, database: str = "warehouse") -> list[list[str]]:
    """What PostgreSQL answers, row by row, as text."""
    told = inside("postgres", "psql", "--username=airflow", f"--dbname={database}", "--tuples-only", "--no-align", "--command", question)
    return [line.split("|") for line in told.splitlines() if line]


def hold(true: object, what: str) -> None:
    """Errors: Failed unless it is true."""
    if not true:
        raise Failed(what)


def prepare() -> str:
    """.env and the login, as .env.example says; gives the password of `admin`."""
    hold((ROOT / "company" / "company.yaml").is_file(), "./company is no company: make sample MANDEGAR_COMPANY=company")
    hold(not (ROOT / ".env").exists(), ".env is there already; this check writes its own: run it in a clone")
    password = secrets.token_urlsafe(12)
    given = {
        "FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "JWT_SECRET": secrets.token_urlsafe(48),
        "POSTGRES_PASSWORD": secrets.token_urlsafe(48),
        "ADMIN_PASSWORD": password,
    }
    WRITTEN.append(ROOT / ".env")
    (ROOT / ".env").touch(mode=0o600)
    (ROOT / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    return password


def states() -> dict[str, dict]:
    """Each service's container, as `docker compose ps` tells it."""
    told = compose("ps", "--all", "--format", "json")
    return {one["Service"]: one for one in map(json.loads, told.splitlines())}


def up(airflow: Api, password: str) -> str:
    """Starts the file and waits until everything is healthy; gives in words what came up."""
    compose("up", "--build", "--detach", "--quiet-pull", patience=25 * 60)
    airflow.until("healthy", airflow.healthy, 240)
    airflow.until("open to the login", lambda: airflow.login(password) is None, 30)
    found = states()
    for service in LASTING:
        hold(found.get(service, {}).get("State") == "running", f"{service} does not run: {found.get(service)}")
    for service in ("migrate", "home-owner"):
        hold(found[service]["State"] == "exited" and found[service]["ExitCode"] == 0, f"{service} did not end well: {found[service]}")
    for service in ("postgres", "redis", "api-server"):
        hold(found[service]["Health"] == "healthy", f"{service} is not healthy: {found[service]}")
    hold(sql("SELECT 1 FROM pg_database WHERE datname = 'warehouse'", "airflow") == [["1"]], "there is no database `warehouse`")
    return f"{len(LASTING)} services run; Airflow's four parts are healthy"


def login(airflow: Api) -> str:
    """The page is there, the password is wanted, a wrong one is refused."""
    with urllib.request.urlopen(airflow.url, timeout=20) as page:
        hold(page.status == 200 and b"<html" in page.read().lower(), "the page is no page")
    for path, body in (("/auth/token", {"username": "admin", "password": "admin"}), ("/api/v2/dags", None)):
        stranger = Api(airflow.url, airflow.log)
        try:
            stranger.ask("POST" if body else "GET", path, body)
        except urllib.error.HTTPError as refused:
            hold(refused.code == 401, f"{path} answers a stranger with {refused.code}")
        else:
            raise Failed(f"{path} lets a stranger in")
    return f"the page answers; admin gets in, strangers get 401; DAGs: {', '.join(airflow.dags(len(DAGS)))}"


def tasks(airflow: Api, dag_id: str, run: str) -> list[dict]:
    return airflow.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run}/taskInstances?limit=200")["task_instances"]


def succeeded(airflow: Api, dag_id: str) -> list[str]:
    """The days of a DAG's runs that have succeeded, in the order of their start. Errors: Failed when one has failed."""
    hold("failed" not in airflow.runs(dag_id).values(), f"{dag_id} failed: {airflow.failed_tasks(dag_id)}")
    return airflow.days(dag_id, "success")


def through(airflow: Api, day: str, dag_ids: list[str], times: int = 1) -> None:
    """Waits until each DAG has succeeded so many times with a day."""
    for dag_id in dag_ids:
        airflow.until(f"through with {day} in {dag_id}", lambda dag_id=dag_id: succeeded(airflow, dag_id).count(day) >= times, 25 * 60)


def nights(airflow: Api) -> list[str]:
    """The days closed so far, once nothing is at work any more.

    Between 02:00 and 04:24 of the company's time the scheduler closes yesterday by itself as soon as it is let; that night stands
    in the tables too.
    """
    at_work = [(dag_id, state) for dag_id in DAGS for state in ("queued", "running")]
    airflow.until("at rest", lambda: not any(airflow.days(dag_id, state) for dag_id, state in at_work), 25 * 60)
    closed = list(dict.fromkeys(succeeded(airflow, "nightly")))
    for day in closed:
        through(airflow, day, DAGS)
    return closed


def on_workers(airflow: Api, run: str) -> tuple[int, set[str]]:
    """How many tasks a night had, and the hosts they ran on. Errors: Failed unless every one succeeded."""
    done = tasks(airflow, "nightly", run)
    hold(len(done) > 10 and all(one["state"] == "success" for one in done), f"tasks that did not succeed: {done}")
    return len(done), {one["hostname"] for one in done}


def first_night(airflow: Api, day: str) -> str:
    """A night whose every task runs on the worker, and is handed to it by Celery."""
    airflow.unpause(DAGS)
    run = airflow.trigger("nightly", day)
    through(airflow, day, ["nightly"])
    count, hosts = on_workers(airflow, run)
    worker = inside("worker", "hostname").strip()
    hold(hosts == {worker}, f"the worker is {worker}; the tasks ran on {hosts}")
    taken = "SELECT count(*) FROM celery_taskmeta WHERE status = 'SUCCESS'"
    airflow.until(f"told by Celery of {count} tasks", lambda: int(sql(taken, "airflow")[0][0]) >= count, 60)
    return f"{count} tasks of `nightly` of {day}, all on the worker, by Celery"


def killed_night(airflow: Api, day: str) -> str:
    """The night after, whose worker is killed in the middle; both campaigns of both nights follow by themselves."""
    run = airflow.trigger("nightly", day)
    happened = kill_worker(airflow, run)
    through(airflow, day, DAGS)
    count, hosts = on_workers(airflow, run)
    hold(inside("worker", "hostname").strip() in hosts, f"the tasks ran on {hosts}")
    return f"{happened}; {count} tasks, and both campaigns of both nights"


def kill_worker(airflow: Api, run: str) -> str:
    """Kills every process of the worker while a task is at work; the task has to be run again. Gives what was seen of it."""

    def at_work() -> bool:
        return any(one["task_id"] == KILLED_IN and one["state"] == "running" for one in tasks(airflow, "nightly", run))

    airflow.until(f"at work on {KILLED_IN}", at_work, 600)
    container = states()["worker"]["ID"]
    restarts = ["docker", "inspect", "--format", "{{.RestartCount}} {{.State.StartedAt}}", container]
    before = subprocess.run(restarts, capture_output=True, text=True, check=True).stdout
    time.sleep(1)  # in the middle of it, not at its beginning
    hold(at_work(), f"{KILLED_IN} was done before the worker could be killed")
    killed = time.monotonic()
    subprocess.run(["docker", "exec", "--user", "0", container, "sh", "-c", "kill -9 -1"], capture_output=True, check=False)
    airflow.until(
        "served by a worker again",
        lambda: (
            subprocess.run(restarts, capture_output=True, text=True, check=True).stdout != before
            and states()["worker"]["State"] == "running"
        ),
        120,
    )

    def again() -> dict | None:
        return next((one for one in tasks(airflow, "nightly", run) if one["task_id"] == KILLED_IN and one["try_number"] > 1), None)

    airflow.until(f"trying {KILLED_IN} again", again, 20 * 60)
    airflow.until(f"done with {KILLED_IN}", lambda: (again() or {}).get("state") == "success", 20 * 60)
    took = time.monotonic() - killed
    return f"the worker was killed in `{KILLED_IN}`, came back, and did it again (done {took:.0f} s after the kill)"


def tables(database: str) -> dict[str, str]:
    """Every table of a warehouse but those that tell the clock, as rows and a hash of them."""
    names = [
        name
        for (name,) in sql(
            f"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ({CLOCKED}) ORDER BY 1",  # noqa: S608 - constants
            database,
        )
    ]
    hold(len(names) > 20, f"{database} has only the tables {names}")
    each = " UNION ALL ".join(
        f"SELECT '{name}', count(*)::text, md5(coalesce(string_agg(row_, E'\\n' ORDER BY row_), '')) "  # noqa: S608 - the warehouse's own names
        f'FROM (SELECT t::text AS row_ FROM "{name}" AS t) AS {name}_'
        for name in names
    )
    return {name: f"{rows} rows, {found}" for name, rows, found in sql(each, database)}


def lists(home: str) -> dict[str, str]:
    """Every file of the lists and its hash."""
    told = inside("worker", "bash", "-c", f"cd {home}/lists && find . -type f -exec sha256sum {{}} + | sort -k 2")
    return {name: found for found, name in (line.split(maxsplit=1) for line in told.splitlines())}


def same(before: dict[str, str], after: dict[str, str], what: str) -> None:
    """Errors: Failed that names what differs."""
    differ = {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    hold(not differ, f"{what}: {differ}")


def undisturbed(days: list[str]) -> str:
    """The same nights without Airflow and without trouble, into a database and a home of their own."""
    sql("CREATE DATABASE reference", "airflow")
    url = sql_url("reference")
    for day in days:
        night_ = ["mandegar", "night", "--company", "/company", "--home", REFERENCE["MANDEGAR_HOME"], "--as-of", day]
        inside("worker", *night_, patience=15 * 60, MANDEGAR_WAREHOUSE=url)
    return f"the nights of {' and '.join(days)} into a warehouse of their own"


def sql_url(database: str) -> str:
    given = dict(line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines())
    return f"postgresql://airflow:{given['POSTGRES_PASSWORD']}@postgres/{database}"


def nothing_lost() -> str:
    """Tables and lists are those of the undisturbed nights; nobody is contacted twice."""
    same(tables("reference"), tables("warehouse"), "tables that differ from the undisturbed nights'")
    found = lists("/home/mandegar")
    hold(len(found) > 30, f"only these lists: {sorted(found)}")
    same(lists(REFERENCE["MANDEGAR_HOME"]), found, "lists that differ from the undisturbed nights'")
    ((contacts, different),) = sql(ON_LISTS)
    hold(int(contacts) > 5 and contacts == different, f"{contacts} contacts, of which {different} are different ones")
    return f"{len(tables('warehouse'))} tables and {len(found)} files of lists as undisturbed; {contacts} contacts, none twice"


def down_and_up(airflow: Api, password: str) -> str:
    """Everything is stopped and removed but the volumes; then it is as before."""
    before, files, runs = tables("warehouse"), lists("/home/mandegar"), {dag_id: succeeded(airflow, dag_id) for dag_id in DAGS}
    compose("down", patience=180)
    hold(not states(), f"containers after down: {states()}")
    told = up(airflow, password)
    same(before, tables("warehouse"), "tables that down and up changed")
    same(files, lists("/home/mandegar"), "lists that down and up changed")
    hold(runs == {dag_id: succeeded(airflow, dag_id) for dag_id in DAGS}, f"runs before were {runs}")
    return f"{told}; {sum(map(len, runs.values()))} runs, tables and lists are still there"


def once_more(airflow: Api, day: str) -> str:
    before, files = tables("warehouse"), lists("/home/mandegar")
    run = airflow.trigger("nightly", day)
    through(airflow, day, DAGS, times=2)
    count, _ = on_workers(airflow, run)
    same(before, tables("warehouse"), "tables that the same night changed")
    same(files, lists("/home/mandegar"), "lists that the same night changed")
    return f"{count} tasks and both campaigns; not a row of the tables, not a byte of the lists has changed"


def away() -> str:
    """Removes containers, network and volumes of this project, and what was written here."""
    compose("down", "--volumes", "--remove-orphans", patience=180)
    for file in WRITTEN:
        file.unlink(missing_ok=True)
    label = f"label=com.docker.compose.project={PROJECT}"
    for kind in ("container", "volume", "network"):
        left = subprocess.run(["docker", kind, "ls", "--quiet", "--filter", label], capture_output=True, text=True, check=True).stdout
        hold(not left, f"{kind}s that are left: {left}")
    return "containers, volumes and network are gone"


def main() -> int:
    """Gives 0 if every step held."""
    last = date.fromisoformat(json.loads((ROOT / "company" / "truth" / "sample.json").read_text())["until"])
    days = [(last - timedelta(days=1)).isoformat(), last.isoformat()]
    airflow = Api("http://localhost:8080", f"docker compose --project-name {PROJECT} logs")
    held: list[str] = []

    def step(name: str, work: Callable[[], str]) -> None:
        began = time.monotonic()
        print(f"==> {time.strftime('%H:%M:%S')} {name}", flush=True)
        told = work()
        held.append(f"{name:<12} {time.monotonic() - began:5.0f} s  {told}")
        print(f"    {told}", flush=True)

    failure = ""
    try:
        password = prepare()
        step("up", lambda: up(airflow, password))
        step("login", lambda: login(airflow))
        step("a night", lambda: first_night(airflow, days[0]))
        step("a kill", lambda: killed_night(airflow, days[1]))
        step("undisturbed", lambda: undisturbed(nights(airflow)))
        step("nothing lost", nothing_lost)
        step("down, up", lambda: down_and_up(airflow, password))
        step("once more", lambda: once_more(airflow, days[1]))
    except (Failed, TimeoutError, RuntimeError, urllib.error.HTTPError, subprocess.CalledProcessError) as problem:
        failure = f"{problem}{': ' + problem.read().decode(errors='replace') if isinstance(problem, urllib.error.HTTPError) else ''}"
        print(f"    FAILED: {failure}\n\nThe services, and the ends of their logs:", flush=True)
        for words in (("ps", "--all"), ("logs", "--no-color", "--tail", "15")):
            try:
                print(compose(*words), flush=True)
            except Failed as silent:
                print(silent)
    if not os.environ.get("KEEP"):
        step("away", away)
    print("\n" + "\n".join(held))
    print(f"\ncompose-check FAILED: {failure.splitlines()[0]}" if failure else "\ncompose-check: every step held", flush=True)
    return int(bool(failure))


if __name__ == "__main__":
    sys.exit(main())
