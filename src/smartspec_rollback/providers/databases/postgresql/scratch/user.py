"""Who a scratch server and its programs run as: PostgreSQL refuses to be root.

Called by ``server``.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, TypedDict

from smartspec_rollback.errors import ProviderUnavailable

_UNPRIVILEGED = ("postgres", "nobody")
_WITHIN = 60.0


class _Becoming(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class User:
    """An unprivileged user; ``uid`` and ``gid`` are None where this process is no root."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def fit(cls) -> Self:
        """Choose one; ProviderUnavailable where there is none."""
        if os.geteuid() != 0:
            return cls()
        for name in _UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise ProviderUnavailable(
            "PostgreSQL does not run as root, and there is no user postgres or nobody",
            remedy="run this as an ordinary user",
        )

    @property
    def becoming(self) -> _Becoming:
        """Say how ``subprocess`` starts a program as this user."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Let this user own a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def run(
        self,
        words: list[str],
        *,
        stdin: BinaryIO | None = None,
        stdout: BinaryIO | None = None,
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run a program, between files where some are given; 126 where it cannot be started."""
        try:
            return subprocess.run(
                words,
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or subprocess.PIPE,
                stderr=subprocess.PIPE,
                check=False,
                cwd="/",
                timeout=_WITHIN,
                **self.becoming,
            )
        except (PermissionError, FileNotFoundError) as error:
            return subprocess.CompletedProcess(words, 126, b"", str(error).encode())
