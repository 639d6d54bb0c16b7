"""The files of an approved run where others fetch them: object storage, SFTP, a folder; whole, the manifest last, once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.campaigns.delivery.sftp_server import sftp_server

from mandegar.campaigns.delivery import away
from mandegar.campaigns.delivery.away import take_away
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import Files

CONTENT = {"send.csv": "سارا,کریمی\r\n".encode("utf-8-sig"), "holdout.csv": b"c2\r\n", "send.xlsx": bytes(range(256)) * 300}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lists with a manifest, and a file that it does not name."""
    made = tmp_path / "lists" / "renewal" / "2025-03-31"
    made.mkdir(parents=True)
    for name, content in (CONTENT | {".left.csv": b"x"}).items():
        (made / name).write_bytes(content)
    (made / "manifest.json").write_text(json.dumps({"mode": "live", "files": {name: {} for name in CONTENT}}))
    return made


Store = tuple[Files, Callable[[], dict[str, bytes]]]


@pytest.fixture(params=["s3", "sftp", "file"])
def store(request, tmp_path: Path, monkeypatch) -> Any:
    """A store, and what lies in it below renewal/2025-03-31."""
    there = tmp_path / "there"
    there.mkdir()

    def in_folder() -> dict[str, bytes]:
        found = (there / "out" / "renewal" / "2025-03-31").glob("*")
        return {path.name: path.read_bytes() for path in found}

    if request.param == "file":
        yield Files(to=f"file://{there}/out"), in_folder
    elif request.param == "sftp":
        with sftp_server(there) as server:
            extra = {"host_key": server.host_key}
            monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"login": "acme", "password": "s3cret", "extra": extra}))
            yield Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), in_folder
    else:
        connection, client = request.getfixturevalue("s3")
        monkeypatch.setenv("AIRFLOW_CONN_STORE", connection)
        prefix = f"{tmp_path.name}/renewal/2025-03-31/"

        def in_bucket() -> dict[str, bytes]:
            found = client.list_objects_v2(Bucket="exports", Prefix=prefix).get("Contents", [])
            names = [one["Key"] for one in found]
            return {name.removeprefix(prefix): client.get_object(Bucket="exports", Key=name)["Body"].read() for name in names}

        yield Files(to=f"s3://exports/{tmp_path.name}", connection="store"), in_bucket


def test_every_file_of_the_manifest_comes_whole_and_no_other(store, folder):
    settings, there = store
    assert take_away(settings, folder, "renewal/2025-03-31") == 4
    assert there() == CONTENT | {"manifest.json": (folder / "manifest.json").read_bytes()}


def test_the_same_lists_again_are_not_copied_again(store, folder):
    settings, _ = store
    take_away(settings, folder, "renewal/2025-03-31")
    assert take_away(settings, folder, "renewal/2025-03-31") == 0


def test_what_broke_off_has_no_manifest_and_is_taken_up_again(store, folder, monkeypatch):
    settings, there = store
    put, done = away._put, []

    def breaks(*given: object) -> None:
        if len(done) == 2:
            raise OSError("connection reset")
        done.append(given)
        put(*given)

    monkeypatch.setattr(away, "_put", breaks)
    with pytest.raises(Failed, match="connection reset"):
        take_away(settings, folder, "renewal/2025-03-31")
    assert "manifest.json" not in there()
    monkeypatch.setattr(away, "_put", put)
    take_away(settings, folder, "renewal/2025-03-31")
    assert there() == CONTENT | {"manifest.json": (folder / "manifest.json").read_bytes()}


def test_a_server_with_another_key_gets_nothing(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path) as server:
        monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"login": "acme", "password": "s3cret"}))
        with pytest.raises(Refused, match=f"its key is {server.host_key[:20]}") as found:
            take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x")
    assert "s3cret" not in str(found.value)
    assert not (tmp_path / "out").exists()


def test_a_wrong_login_is_refused_and_an_absent_server_asked_again(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path) as server:
        extra = {"host_key": server.host_key}
        monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"login": "acme", "password": "wrong-one", "extra": extra}))
        with pytest.raises(Refused, match="may not be written") as found:
            take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x")
        assert "wrong-one" not in str(found.value)
    with pytest.raises(Failed, match="cannot be written now"):
        take_away(Files(to="sftp://127.0.0.1:9/out", connection="store"), folder, "x")
