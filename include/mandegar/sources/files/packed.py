"""Unpacking what is compressed, within bounds: a few kilobytes can unpack to more than a disk holds."""

from typing import IO, Any

from mandegar.errors import SourceError

FREE_BYTES = 256 << 20  # may come out of any file
TIMES = 200  # as much as it is packed, what unpacks to more than that; exports pack to a tenth
BLOCK_BYTES = 8 << 20


def refuse_bomb(shown: str, packed: int, unpacked: int, free: int = FREE_BYTES, times: int = TIMES) -> None:
    """Errors: SourceError if a file unpacks to so much that it can be no export. free: bytes that may come out of any file."""
    most = max(free, times * packed)
    if unpacked > most:
        raise SourceError(
            f"{shown}: unpacks from {packed / 1e6:,.1f} MB to more than {most / 1e6:,.0f} MB, "
            f"which no export does. If it is right, unpack it and name the plain file."
        )


def copy(shown: str, packed: int, source: IO[bytes], target: Any) -> None:
    """Copies what comes out of a compressed file. Errors: SourceError as soon as it is too much."""
    done = 0
    while block := source.read(BLOCK_BYTES):
        done += len(block)
        refuse_bomb(shown, packed, done)
        target.write(block)
