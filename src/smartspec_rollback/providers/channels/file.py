"""A file as a channel: one JSON line per notice, for whatever reads it.

Made by ``wiring``. Each line is on disk when ``post`` returns. It cannot be answered in.
"""

import fcntl
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.channel import Notice

SCHEMA = "smartspec.notice/1"

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileSettings(Value):
    """Settings of the channel ``file``."""

    path: Annotated[
        Path,
        Meta(
            description="The file to append to; made if it is missing, readable by its owner "
            "only. Its folder must exist.",
            examples=["notices.jsonl"],
        ),
    ]


class FileChannel:
    """Appends notices to a file."""

    name: ClassVar[str] = "file"
    settings_type: ClassVar[type[Value]] = FileSettings

    def __init__(self, settings: FileSettings) -> None:
        """Append to ``settings.path``."""
        self._path = settings.path

    def post(self, notice: Notice, /) -> None:
        """Append one line: schema, time, kind, rollback id, text. ProviderError if it cannot."""
        line = msgspec.json.encode(
            {"schema": SCHEMA, "at": datetime.now(UTC), **msgspec.structs.asdict(notice)}
        )
        try:
            file = os.open(self._path, _FLAGS, 0o600)
            try:
                self._append(file, line + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise ProviderError(
                f"the notice cannot be written: {error.strerror}",
                where=f"channel file: {self._path}",
                remedy="make the file and its folder writable, or free space on the disk",
            ) from error

    def _append(self, file: int, line: bytes) -> None:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ProviderError(
                "the notice cannot be written: this is no regular file",
                where=f"channel file: {self._path}",
                remedy="name another file",
            )
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            line = b"\n" + line  # a writer died in the middle of its line: it stays on its own
        while line:
            line = line[os.write(file, line) :]
        os.fsync(file)
