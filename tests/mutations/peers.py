"""What squawk, a linter of migrations, says of the mutations: somebody to be compared with.

Used by ``evaluation/mutations.py`` and the benchmarks. squawk reads the migration's text alone. It
has no verdict "safe", and most of its rules are about locks and taste; so only those count that
speak of clients, and its silence is taken for what people take it for.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutations.cases import Mutation

CLIENTS = frozenset(
    {
        "adding-required-field",
        "ban-alter-identity",
        "ban-drop-column",
        "ban-drop-constraint",
        "ban-drop-database",
        "ban-drop-default",
        "ban-drop-domain",
        "ban-drop-extension",
        "ban-drop-function",
        "ban-drop-generated-expression",
        "ban-drop-not-null",
        "ban-drop-schema",
        "ban-drop-sequence",
        "ban-drop-table",
        "ban-drop-type",
        "ban-drop-view",
        "ban-set-schema",
        "changing-column-type",
        "renaming-column",
        "renaming-object",
        "renaming-table",
    }
)
"""Rules that are on by default and say that existing clients may break, or, in its documentation,
that they are for backward compatibility."""

DEMANDS = frozenset(
    {
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "ban-alter-domain-with-add-constraint",
        "ban-create-domain-with-constraint",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
    }
)
"""Rules that are on by default and speak of locks, but fire where something new is demanded of
writes: they count in squawk's favour, as somebody who reads them may think of clients too."""

OPTIONAL = frozenset(
    {
        "ban-add-column",
        "ban-add-composite-attribute",
        "ban-add-enum-value",
        "ban-alter-database-options",
        "ban-alter-extension",
        "ban-alter-function-options",
        "ban-alter-generated-expression",
        "ban-alter-policy-condition",
        "ban-alter-policy-roles",
        "ban-alter-role-options",
        "ban-alter-row-level-security",
        "ban-alter-sequence-values",
        "ban-alter-system-options",
        "ban-alter-view-options",
        "ban-create-policy",
        "ban-detach-inheritance",
        "ban-disable-trigger",
        "ban-drop-index",
        "ban-drop-policy",
        "ban-new-write-restriction",
        "ban-replace-view-function",
        "ban-replica-identity",
        "ban-revoke",
        "ban-set-default",
    }
)
"""Rules that speak of existing clients and are off unless ``--include`` names them."""

DEFAULT = CLIENTS | DEMANDS
EVERY = DEFAULT | OPTIONAL


def squawk() -> str | None:
    """Find the program beside this Python, or on the path."""
    return shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")


def rules(texts: Sequence[str]) -> list[frozenset[str]]:
    """Name the rules of ``EVERY`` that each migration breaks, in order; one run for all of them.

    FileNotFoundError where squawk is not installed, ValueError where its answer is none.
    """
    program = squawk()
    if program is None:
        raise FileNotFoundError("squawk is not installed; pip install squawk-cli")
    with tempfile.TemporaryDirectory(prefix="squawk-") as folder:
        files = [Path(folder) / f"{number}.sql" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text + "\n", encoding="utf-8")
        said = subprocess.run(
            [program, *options(), *map(str, files)], capture_output=True, text=True, check=False
        )
        found: dict[str, set[str]] = {str(file): set() for file in files}
        for each in json.loads(said.stdout):
            found[each["file"]].add(each["rule_name"])
    return [EVERY & found[str(file)] for file in files]


def options() -> tuple[str, ...]:
    """Ask for everything it can say of the newest server, as JSON."""
    included = (f"--include={rule}" for rule in sorted(OPTIONAL))
    return ("--reporter=json", "--pg-version=18.0", "--assume-in-transaction", *included)


def of(mutations: Sequence[Mutation]) -> list[frozenset[str]]:
    """Name the rules that each mutation's migration breaks."""
    return rules([mutation.sql for mutation in mutations])
