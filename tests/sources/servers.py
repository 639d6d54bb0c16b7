"""Real servers that sources are read from: MariaDB from Debian, and S3 as moto's server speaks it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql

MARIADB = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
PATIENCE = 30


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running_mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB with an empty database; gives its URL."""
    port, data = free_port(), folder / "data"
    # read no settings of the machine, keep everything in the folder
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            "--basedir=/usr",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--user=root",
        ],
        check=True,
        **quiet,
    )
    assert MARIADB is not None
    server = subprocess.Popen(
        [
            MARIADB,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 's'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--user=root",
            f"--pid-file={folder / 'pid'}",
            "--character-set-server=utf8mb4",
        ],
        **quiet,
    )
    try:
        _answers(port)
        yield f"mysql://root@127.0.0.1:{port}/shop?charset=utf8mb4"
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _answers(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE shop")
            return
        except pymysql.err.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
