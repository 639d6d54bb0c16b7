"""The files of an approved run where others fetch them: object storage, SFTP, a folder; whole, the manifest last, once."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest
from tests.campaigns.delivery.sftp_server import sftp_server

from mandegar.campaigns.delivery import away
from mandegar.campaigns.delivery.away import take_away
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.push_record import Lost
from mandegar.campaigns.delivery.settings import Files

CONTENT = {"send.csv": "سارا,کریمی\r\n".encode("utf-8-sig"), "holdout.csv": b"c2\r\n", "send.xlsx": bytes(range(256)) * 300}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lists with a manifest, and a file that it does not name."""
    made = tmp_path / "lists" / "renewal" / "2025-03-31"
    made.mkdir(parents=True)
    for name, content in (CONTENT | {".left.csv": b"x"}).items():
        (made / name).write_bytes(content)
    write_manifest(made, CONTENT)
    return made


def write_manifest(folder: Path, content: dict[str, bytes]) -> None:
    files = {name: {"sha256": hashlib.sha256(one).hexdigest()} for name, one in content.items()}
    (folder / "manifest.json").write_text(json.dumps({"mode": "live", "files": files}))


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
            connect(monkeypatch, server.host_key, password="s3cret")
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


def test_lists_that_are_other_ones_have_no_manifest_until_all_of_them_are_there(store, folder, monkeypatch):
    settings, there = store
    take_away(settings, folder, "renewal/2025-03-31")
    newer = CONTENT | {"send.csv": b"c9\r\n"}
    (folder / "send.csv").write_bytes(newer["send.csv"])
    write_manifest(folder, newer)
    put, seen = away._put, []

    def looks(*given: object) -> None:
        seen.append("manifest.json" in there())
        put(*given)

    monkeypatch.setattr(away, "_put", looks)
    assert take_away(settings, folder, "renewal/2025-03-31") == 4
    assert seen == [False] * 4
    assert there() == newer | {"manifest.json": (folder / "manifest.json").read_bytes()}


def test_lists_that_are_being_written_anew_wait(store, folder):
    settings, there = store
    (folder / "send.csv").write_bytes(b"other than the manifest says")
    with pytest.raises(Failed, match=r"being written anew \(send\.csv is not what the manifest says"):
        take_away(settings, folder, "renewal/2025-03-31")
    (folder / "manifest.json").unlink()
    with pytest.raises(Failed, match=r"being written anew \(manifest\.json is gone"):
        take_away(settings, folder, "renewal/2025-03-31")
    assert "manifest.json" not in there()


def test_it_says_before_each_file_that_it_goes_on_and_stops_where_another_has_it(store, folder):
    settings, there = store
    said: list[int] = []

    def going_on() -> None:
        said.append(len(there()))
        if len(said) == 3:
            raise Lost

    with pytest.raises(Lost):
        take_away(settings, folder, "renewal/2025-03-31", going_on)
    assert said == [0, 1, 2]


def test_a_server_that_renames_only_as_version_3_does_gets_newer_lists_too(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path, replaces=False) as server:
        connect(monkeypatch, server.host_key, password="s3cret")
        settings = Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store")
        take_away(settings, folder, "x")
        (folder / "holdout.csv").write_bytes(b"c3\r\n")
        write_manifest(folder, CONTENT | {"holdout.csv": b"c3\r\n"})
        assert take_away(settings, folder, "x") == 4
    assert sorted(path.name for path in (tmp_path / "out" / "x").iterdir()) == ["holdout.csv", "manifest.json", "send.csv", "send.xlsx"]
    assert (tmp_path / "out" / "x" / "holdout.csv").read_bytes() == b"c3\r\n"


@pytest.mark.parametrize("passphrase", [None, "a long phrase"])
def test_who_comes_may_be_known_by_a_private_key(tmp_path, folder, monkeypatch, passphrase):
    key, text = paramiko.ECDSAKey.generate(), io.StringIO()
    key.write_private_key(text, password=passphrase)
    with sftp_server(tmp_path, known=key) as server:
        extra = {"private_key": text.getvalue()} | ({"private_key_passphrase": passphrase} if passphrase else {})
        connect(monkeypatch, server.host_key, **extra)
        assert take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x") == 4


def test_a_private_key_that_is_none_is_told_without_what_it_holds(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path) as server:
        connect(monkeypatch, server.host_key, private_key="s3cret-words that are no key")
        with pytest.raises(Refused, match='"private_key" in the connection\'s extra cannot be read') as found:
            take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x")
    assert "s3cret" not in str(found.value)


def connect(monkeypatch, host_key: str, password: str | None = None, **extra: str) -> None:
    given = {"login": "acme", "password": password, "extra": {"host_key": host_key, **extra}}
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps(given))


def test_a_server_with_another_key_gets_nothing(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path) as server:
        connect(monkeypatch, "SHA256:another", password="s3cret")
        told = f'its key is {server.host_key}. If that is right, write it as "host_key" into the connection\'s extra'
        with pytest.raises(Refused, match=re.escape(told)) as found:
            take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x")
    assert "s3cret" not in str(found.value)
    assert not (tmp_path / "out").exists()


def test_a_wrong_login_is_refused_and_an_absent_server_asked_again(tmp_path, folder, monkeypatch):
    with sftp_server(tmp_path) as server:
        connect(monkeypatch, server.host_key, password="wrong-one")
        with pytest.raises(Refused, match="may not be written") as found:
            take_away(Files(to=f"sftp://127.0.0.1:{server.port}/out", connection="store"), folder, "x")
        assert "wrong-one" not in str(found.value)
    with pytest.raises(Failed, match="cannot be written now"):
        take_away(Files(to="sftp://127.0.0.1:9/out", connection="store"), folder, "x")
