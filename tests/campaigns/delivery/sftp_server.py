"""A real SFTP server over a folder, as paramiko speaks it: one login, by a password or a key, and one host key."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko


class Login(paramiko.ServerInterface):
    """Lets one login in. known: its key, where it comes by one."""

    def __init__(self, known: paramiko.PKey | None) -> None:
        self._known = known

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = self._known is not None and (username, key.fingerprint) == ("acme", self._known.fingerprint)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == ("acme", "s3cret") else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey" if self._known else "password"


class Handle(paramiko.SFTPHandle):
    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Folder(paramiko.SFTPServerInterface):
    """A folder as the root of the server."""

    root: Path

    def _at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _done(self, work: object) -> int:
        try:
            work()  # type: ignore[operator]
        except OSError as problem:
            return paramiko.SFTPServer.convert_errno(problem.errno or 0)
        return paramiko.SFTP_OK

    def stat(self, path: str) -> object:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as problem:
            return paramiko.SFTPServer.convert_errno(problem.errno or 0)

    lstat = stat

    def list_folder(self, path: str) -> list:
        return [paramiko.SFTPAttributes.from_stat(one.stat(), one.name) for one in self._at(path).iterdir()]

    def mkdir(self, path: str, attr: object) -> int:
        return self._done(lambda: self._at(path).mkdir())

    def remove(self, path: str) -> int:
        return self._done(lambda: self._at(path).unlink())

    def rename(self, oldpath: str, newpath: str) -> int:
        """Replaces nothing, as version 3 of the protocol wants it."""
        if self._at(newpath).exists():
            return paramiko.SFTP_FAILURE
        return self._done(lambda: self._at(oldpath).rename(self._at(newpath)))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._at(oldpath).replace(self._at(newpath)))

    def open(self, path: str, flags: int, attr: object) -> object:
        try:
            stream = os.fdopen(os.open(self._at(path), flags, 0o644), "r+b" if flags & (os.O_WRONLY | os.O_RDWR) else "rb", buffering=0)
        except OSError as problem:
            return paramiko.SFTPServer.convert_errno(problem.errno or 0)
        handle = Handle(flags)
        handle.readfile = handle.writefile = stream
        return handle


class OldFolder(Folder):
    """Of a server that knows no other renaming than version 3 has."""

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return paramiko.SFTP_OP_UNSUPPORTED


@dataclass
class Served:
    """Where the server is, and its key."""

    port: int
    host_key: str


@contextmanager
def sftp_server(root: Path, replaces: bool = True, known: paramiko.PKey | None = None) -> Iterator[Served]:
    """Serves a folder until the end of the block. replaces: whether a renaming may; known: the key of who comes, instead of a password."""
    key = paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))
    rooted = type("Rooted", (Folder if replaces else OldFolder,), {"root": root})
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, rooted)
            transports.append(transport)
            try:
                transport.start_server(server=Login(known))
            except (paramiko.SSHException, EOFError):
                continue

    threading.Thread(target=serve, daemon=True).start()
    yield Served(listening.getsockname()[1], key.fingerprint)
    listening.close()
    for transport in transports:
        transport.close()
