"""The one hierarchy of errors, each with its exit code.

Everybody raises these; only ``cli`` turns them into exit codes and text. Findings and
Verdicts are values, not errors. The exit code tells a script whether production was touched.

SmartSpecError (1)            a bug, or anything unforeseen
├── UsageError (2)            the command line asks for something that does not exist
│   ├── Contradiction (2)     it was said otherwise before, and that stands
│   └── UnknownName (2)       an id, version, service or provider nobody knows; names the nearest
├── ConfigurationError (2)    smartspec.yaml is wrong; holds every Problem with its line
├── Refused (3)               nothing was changed, on purpose
│   ├── AnotherRunning (3)    another rollback or deployment holds the Target
│   ├── Forbidden (3)         who asks is known, and may not
│   │   └── Unidentified (3)  who asks is not known
│   └── ApprovalMissing (3)   nobody can be asked, or nobody consented
├── ProviderError (4)         a platform, database, metrics source or channel failed
│   ├── ProviderUnavailable   it cannot be reached; trying again may help
│   └── NotDone               the action was certainly not done
│       └── FenceConflict     because its precondition did not hold
├── ServerLost (6)            a server may have done it, and nobody can tell
└── StoreError (4)            the ledger cannot be read or written
    ├── StoreTooNew           written by a newer release of this tool
    ├── StoreCorrupt          damaged; says where
    ├── ClaimLost             another process took this rollback over
    └── JournalLost (5)       production was changed, and then the journal could not be written
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class SmartSpecError(Exception):
    """An unexpected internal error."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str = "",
        *,
        where: str = "",
        remedy: str = "",
        details: Sequence[str] = (),
    ) -> None:
        """Say what is wrong, where (file and key, or object), what to do, and what led to it."""
        self.what = what or (type(self).__doc__ or "").partition("\n")[0]
        self.where = where
        self.remedy = remedy
        self.details = tuple(details)
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines += [f"  - {detail}" for detail in self.details]
        if self.remedy:
            lines.append(f"  to do: {self.remedy}")
        return "\n".join(lines)


class UsageError(SmartSpecError):
    """The command cannot be understood."""

    exit_code = 2


class Contradiction(UsageError):
    """It was said otherwise before, and that stands."""


class UnknownName(UsageError):
    """Nobody knows this name."""

    def __init__(
        self, kind: str, name: str, *, nearest: Sequence[str] = (), remedy: str = ""
    ) -> None:
        """Name the ``kind`` of thing, what was asked for, and the nearest known ones."""
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"unknown {kind}: {name!r}", remedy=" ".join(filter(None, (hint, remedy))))
        self.nearest = tuple(nearest)


@dataclass(frozen=True)
class Problem:
    """One fault in a file: its line (from 1), the dotted key, and what to do."""

    line: int
    key: str
    what: str
    remedy: str = ""


class ConfigurationError(SmartSpecError):
    """The configuration is wrong."""

    exit_code = 2

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        """Hold every problem found in ``file``, so that one run mends them all."""
        self.file = file
        self.problems = tuple(problems)
        first = problems[0] if problems else Problem(0, "", "unreadable")
        super().__init__(first.what, where=f"{file}:{first.line} {first.key}", remedy=first.remedy)

    def __str__(self) -> str:
        lines = [f"{self.file}: {len(self.problems)} problem(s)"]
        for problem in self.problems:
            place = f"{self.file}:{problem.line}" if problem.line else self.file
            lines.append(
                f"  {place}: {problem.key}: {problem.what}"
                if problem.key
                else f"  {place}: {problem.what}"
            )
            if problem.remedy:
                lines.append(f"    to do: {problem.remedy}")
        return "\n".join(lines)


class Refused(SmartSpecError):
    """Refused; nothing was changed."""

    exit_code = 3


class AnotherRunning(Refused):
    """Another rollback or deployment of this Target is running."""

    def __init__(
        self, what: str = "", *, where: str = "", remedy: str = "", rollback_id: str | None = None
    ) -> None:
        """Say who runs it, and its ``rollback_id`` where it is a rollback of this ledger."""
        super().__init__(what, where=where, remedy=remedy)
        self.rollback_id = rollback_id


class Forbidden(Refused):
    """Whoever asks may not do this."""


class Unidentified(Forbidden):
    """Nobody proved who asks."""


class ApprovalMissing(Refused):
    """Nobody approved this plan."""


class ProviderError(SmartSpecError):
    """A provider failed."""

    exit_code = 4


class ProviderUnavailable(ProviderError):
    """A provider cannot be reached."""

    def __init__(
        self,
        what: str = "",
        *,
        where: str = "",
        remedy: str = "",
        details: Sequence[str] = (),
        after: float = 0.0,
    ) -> None:
        """Say also after how many seconds to try again, where it said so."""
        super().__init__(what, where=where, remedy=remedy, details=details)
        self.after = after


class NotDone(ProviderError):
    """The action was certainly not done."""


class FenceConflict(NotDone):
    """The platform changed between looking and acting; the action was not done."""


class ServerLost(SmartSpecError):
    """A server heard of this, or may have, and does not say what became of it."""

    exit_code = 6


class StoreError(SmartSpecError):
    """The ledger cannot be read or written."""

    exit_code = 4


class StoreTooNew(StoreError):
    """The ledger was written by a newer release of this tool."""


class StoreCorrupt(StoreError):
    """The ledger is damaged."""


class ClaimLost(StoreError):
    """Another process took this rollback over."""


class JournalLost(StoreError):
    """Production was changed, and then the journal could not be written."""

    exit_code = 5
