"""A project's history as its git repository has it: which migrations and which statements, when.

Read by ``run``. A state is the last commit before the migrations changed again: its statements are
the ones that worked on that schema for the longest time.
"""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

_MIGRATION = re.compile(r"^\d{8,}[^/]*\.sql$")
_DOWN = re.compile(r"\.down\.sql$")


@dataclass(frozen=True)
class State:
    """One point of a history: migrations by file name, and the statements' texts."""

    commit: str
    migrations: Mapping[str, str]
    statements: tuple[str, ...]


class History:
    """One git repository; its folders are found by themselves, or named in ``<folder>.json``."""

    def __init__(self, repository: Path) -> None:
        """Find the folders at the newest commit."""
        self.name = repository.name
        self._repository = repository
        beside = repository.with_name(f"{repository.name}.json")
        told = json.loads(beside.read_text("utf-8")) if beside.exists() else {}
        self._folder = told.get("migrations") or self._likeliest()
        self._statements = told.get("statements", "sqlx")

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Every state, oldest first; commits that leave the migrations as they were are one."""
        changed = self._git(
            "log", "--first-parent", "--reverse", "--format=%H", "HEAD", "--", self._folder
        ).split()
        before_next = [f"{commit}^" for commit in changed[1:]] + ["HEAD"]
        states: list[State] = []
        for commit in before_next:
            migrations = self._migrations(commit)
            statements = self._queries(commit)
            if migrations and (not states or states[-1].migrations != migrations):
                states.append(State(commit, migrations, statements))
        return tuple(states)

    def steps(self, horizon: int) -> Iterator[tuple[State, State]]:
        """Pair every state that has statements with the first one ``horizon`` migrations later."""
        for index, old in enumerate(self.states):
            if not old.statements:
                continue
            for new in self.states[index + 1 :]:
                if len(set(new.migrations) - set(old.migrations)) >= horizon:
                    yield old, new
                    break

    def _likeliest(self) -> str:
        """Take the folder with the most files that are called like migrations."""
        folders = Counter(
            str(PurePosixPath(path).parent)
            for path in self._git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
            if _MIGRATION.match(PurePosixPath(path).name)
        )
        if not folders:
            raise SystemExit(f"{self._repository}: no folder of migrations was found")
        return folders.most_common(1)[0][0]

    def _migrations(self, commit: str) -> dict[str, str]:
        paths = {
            path: PurePosixPath(path).name
            for path in self._paths(commit, self._folder)
            if path.endswith(".sql") and not _DOWN.search(path)
        }
        contents = self._contents(commit, tuple(paths))
        return {paths[path]: text for path, text in sorted(contents.items())}

    def _queries(self, commit: str) -> tuple[str, ...]:
        if self._statements != "sqlx":
            found = self._contents(commit, tuple(self._paths(commit, self._statements)))
            return tuple(found.values())
        texts: list[str] = []
        tree = self._git("ls-tree", "-r", "--name-only", commit).splitlines()
        wanted = [
            p for p in tree if "/.sqlx/" in f"/{p}" or PurePosixPath(p).name == "sqlx-data.json"
        ]
        for path, content in self._contents(commit, tuple(wanted)).items():
            document = json.loads(content)
            if PurePosixPath(path).name == "sqlx-data.json":
                texts += [q["query"] for k, q in document.items() if k != "db"]
            else:
                texts.append(document["query"])
        return tuple(dict.fromkeys(texts))

    def _paths(self, commit: str, folder: str) -> list[str]:
        return self._git("ls-tree", "-r", "--name-only", commit, "--", f"{folder}/").splitlines()

    def _contents(self, commit: str, paths: tuple[str, ...]) -> dict[str, str]:
        """Read many files of one commit at once."""
        asked = "".join(f"{commit}:{path}\n" for path in paths).encode()
        out = subprocess.run(
            ["git", "-C", str(self._repository), "cat-file", "--batch"],
            input=asked,
            capture_output=True,
            check=True,
        ).stdout
        found: dict[str, str] = {}
        for path in paths:
            head, _, out = out.partition(b"\n")
            size = int(head.rsplit(b" ", 1)[1])
            found[path], out = out[:size].decode("utf-8"), out[size + 1 :]
        return found

    def _git(self, *words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self._repository), *words],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
