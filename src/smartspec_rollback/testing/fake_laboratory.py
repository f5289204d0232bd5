"""A laboratory that says what a test wrote for it; passes ``LaboratoryContract``."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import ClassVar, Self

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import Effect
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, StatementText, Trial, Use
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal


class FakeLaboratory:
    """Gives what it was made with; ``rehearsals`` keeps what it was asked to rehearse.

    ``uses`` tells, by text, what a statement touches; what it does not list is not understood.
    ``missing`` is why there is no server, ``fails`` what rehearsing raises. Without ``rehearsal``
    every statement it understands compiles on both schemas.
    """

    name: ClassVar[str] = "fake"

    def __init__(
        self,
        *,
        uses: Mapping[str, tuple[Use, ...]] | None = None,
        effects: Iterable[Effect] = (),
        rehearsal: Rehearsal | None = None,
        missing: str | None = None,
        fails: ProviderError | None = None,
    ) -> None:
        self.uses = dict(uses or {})
        self.migrated = tuple(effects)
        self.rehearsal = rehearsal
        self.missing = missing
        self.fails = fails
        self.rehearsals: list[SchemaSnapshot] = []
        self.ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended += 1

    def understand(
        self, texts: tuple[StatementText, ...], _catalog: Catalog, /
    ) -> tuple[Statement, ...]:
        """Give what is written down for each text."""
        return tuple(self._understood(text) for text in texts)

    def effects(self, _sql: str, source: str, /) -> tuple[Effect, ...]:
        """Give the same for every migration."""
        return tuple(replace(each, source=source) for each in self.migrated)

    def rehearse(
        self,
        before: SchemaSnapshot,
        _after: Catalog,
        /,
        *,
        migrations: tuple[str, ...],
        deadline: Deadline,
    ) -> Rehearsal:
        """Give what is written down, or let everything compile."""
        del migrations
        self.rehearsals.append(before)
        if deadline.expired:
            raise ProviderUnavailable("no time is left", remedy="allow more")
        if self.fails is not None:
            raise self.fails
        if self.rehearsal is not None:
            return self.rehearsal
        trials = tuple(
            Trial(statement=each.id, worked=True)
            if each.text in self.uses or each.uses is not None
            else Trial(statement=each.id, worked=False, code="42P01", message="it is broken")
            for each in before.workload.statements
        )
        good = {each.statement for each in trials if each.worked}
        after = tuple(each for each in trials if each.statement in good)
        return Rehearsal(server="fake", before=trials, after=after)

    def available(self) -> str | None:
        """Say why there is no server, where there is none."""
        return self.missing

    def _understood(self, text: StatementText) -> Statement:
        known = None if text.problem else self.uses.get(text.text)
        return Statement(
            id=text.id,
            text=text.text,
            source=text.source,
            calls=text.calls,
            uses=known,
            problem=text.problem or (None if known is not None else "nobody wrote it down"),
        )
