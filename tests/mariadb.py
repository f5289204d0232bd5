"""A MariaDB server of the tests' own: in a temporary folder, on a socket, ended by its id.

Used by the fixture ``mariadb``. Nothing listens on the network.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import pymysql

_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_READY_WITHIN = 60.0
_OPTIONS = (
    "--skip-networking", "--performance-schema=ON", "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
)  # fmt: skip


def _program(*names: str) -> str:
    for name in names:
        if (found := shutil.which(name, path=_PLACES)) is not None:
            return found
    raise RuntimeError(
        f"{names[0]} is not installed: run tests/parts.sh as root, or install Debian's package "
        "mariadb-server"
    )


class MariaDb:
    """Runs from ``__enter__`` to ``__exit__``."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
        self._socket = self._folder / "s"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        """Install the system tables and start the server."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def connect(self, name: str | None = None) -> Any:
        """Open a connection of the test's own, as the administrator."""
        return pymysql.connect(
            unix_socket=str(self._socket), user="root", database=name, autocommit=True
        )

    def run(self, name: str, *statements: str) -> None:
        """Run statements in a database."""
        with closing(self.connect(name)) as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    def rows(self, name: str, query: str) -> object:
        """Give what a query gives."""
        with closing(self.connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def url(self, name: str, *, scheme: str = "mysql") -> str:
        """Spell a database's URL."""
        return f"{scheme}://root@/{name}?unix_socket={quote(str(self._socket), safe='')}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database and give its name."""
        name = f"shop{next(self._numbers)}"
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield name
            finally:
                cursor.execute(f"DROP DATABASE {name}")

    def _start(self) -> None:
        data = self._folder / "data"
        user = ["--user=root"] if os.geteuid() == 0 else []
        install = _program("mariadb-install-db", "mysql_install_db")
        server = _program("mariadbd", "mysqld")
        made = subprocess.run(
            [
                install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=normal", *user,
            ],
            capture_output=True,
            timeout=_READY_WITHIN,
            check=False,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"mariadb-install-db failed: {made.stderr.decode()[-2000:]}")
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    server, "--no-defaults", f"--datadir={data}", f"--socket={self._socket}",
                    f"--pid-file={self._folder / 'pid'}", *_OPTIONS, *user,
                ],
                stdout=log,
                stderr=log,
            )  # fmt: skip
        until = time.monotonic() + _READY_WITHIN
        while True:
            try:
                self.connect().close()
            except pymysql.Error:
                if self._process.poll() is not None or time.monotonic() > until:
                    said = (self._folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"mariadbd did not start: {said[-2000:]}") from None
                time.sleep(0.05)
            else:
                return
