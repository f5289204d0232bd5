"""The demo's database: a PostgreSQL server of its own, with an empty database for the shop.

Made by ``stage``. It ends with the process that started it, unless it is left running; then it ends
once the file with its URL is removed, as a later demo in the same folder does.
"""

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from smartspec_rollback.demo.folder import DATABASE_URL
from smartspec_rollback.errors import ProviderUnavailable, SmartSpecError

if TYPE_CHECKING:
    from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_NAME = "shop"
_SOCKET = ".s.PGSQL.5432"
_ENDS_WITHIN = 15.0


class ShopDatabase:
    """The shop's database, from its start to its end."""

    def __init__(self, folder: Path) -> None:
        """Start a server and write the URL of the shop's database into the demo's folder.

        ProviderUnavailable where no server can be started on this machine.
        """
        self._url_file = folder / DATABASE_URL
        self._server: Scratch = _scratch()
        self._server.__enter__()
        try:
            with self._server.connect() as connection:
                connection.execute(f"CREATE ROLE {_NAME} LOGIN")
                connection.execute(f"CREATE DATABASE {_NAME} OWNER {_NAME}")
            self._url_file.touch(mode=0o600)
            self._url_file.write_text(f"{self._server.url(_NAME, _NAME)}\n")
        except BaseException:
            self._server.stop()
            raise

    def leave(self) -> None:
        """Let it outlive this process, until ``end_left`` or until the folder is removed."""
        self._server.leave(self._url_file)

    def stop(self) -> None:
        """End it; idempotent."""
        self._server.stop()


def end_left(folder: Path) -> None:
    """End the server that an earlier demo left running in this folder, and wait until it has."""
    url_file = folder / DATABASE_URL
    try:
        url = url_file.read_text().strip()
    except FileNotFoundError:
        return
    with suppress(FileNotFoundError):
        url_file.unlink()
    home = parse_qs(urlsplit(url).query).get("host", [""])[0]
    until = time.monotonic() + _ENDS_WITHIN
    while _answers(home):
        if time.monotonic() > until:
            raise SmartSpecError(
                "the database of an earlier demo did not end",
                remedy=f"look for a process `postgres -D {home}/data`, and end it",
            )
        time.sleep(0.1)


def _answers(home: str) -> bool:
    """Tell whether a server listens in this folder."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"{home}/{_SOCKET}")
        except OSError:
            return False
        return True


def _scratch() -> "Scratch":
    try:
        from smartspec_rollback.providers.databases.postgresql.scratch.server import (  # noqa: PLC0415 - an extra
            Scratch,
        )
    except ImportError as error:
        raise ProviderUnavailable(
            f"the demo's shop keeps its orders in PostgreSQL: {error}",
            remedy="pip install 'smartspec-rollback[local,postgresql,scratch]'",
        ) from None
    return Scratch()
