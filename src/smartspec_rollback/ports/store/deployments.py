"""The part of the ledger about deployments: what went live, and what was kept with it."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.schema_record import RecordedSchema, SchemaSnapshot
from smartspec_rollback.domain.target import Target


class KeepsDeployments(Protocol):
    """Deployments, and the schemas and captures recorded with them."""

    def record_deployment(self, deployment: Deployment, /, *, by: Person) -> bool:
        """Record it or its next phase; False if that is recorded. UsageError on a contradiction."""
        ...

    def deployment(self, deployment_id: str, /) -> LedgerEntry | None:
        """Look one up with what is known of it."""
        ...

    def deployments(
        self, target: Target | None = None, /, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List the newest, newest first."""
        ...

    def live(self, target: Target, /) -> LedgerEntry | None:
        """Return the newest deployment that went live."""
        ...

    def similar_ids(self, deployment_id: str, /, *, limit: int) -> tuple[str, ...]:
        """Name the recorded ids most like this one, best first; bounded work, however large."""
        ...

    def earlier(self, before: Deployment, /, *, limit: int) -> tuple[LedgerEntry, ...]:
        """List live deployments of the same Target before this one, newest first."""
        ...

    def earlier_healthy(
        self,
        before: Deployment,
        /,
        *,
        limit: int,
        older_than: Deployment | None = None,
    ) -> tuple[LedgerEntry, ...]:
        """Like ``earlier``, but only those whose newest conclusive verdict is a pass, not held.

        ``older_than`` continues a listing. Milliseconds with a million deployments.
        """
        ...

    def earlier_of_version(self, before: Deployment, version: str, /) -> LedgerEntry | None:
        """Return the newest earlier live deployment of a version on the same Target."""
        ...

    def since(self, targets: tuple[Target, ...], at: datetime, /) -> tuple[Deployment, ...]:
        """List what went live on these Targets after ``at``, oldest first, 100 at most."""
        ...

    def record_schema(
        self, deployment_id: str, phase: Phase, snapshot: SchemaSnapshot, /, *, by: Person
    ) -> RecordedSchema:
        """Add what a database was in a phase of a deployment; UnknownName if that is unknown."""
        ...

    def schema_of(self, deployment_id: str, /) -> tuple[RecordedSchema, ...]:
        """List what was recorded with a deployment: the newest of each phase, oldest first."""
        ...

    def schema_of_release(self, target: Target, release: Release, /) -> RecordedSchema | None:
        """Return the newest schema recorded while a release was live.

        Where some digest was not known then, the same version counts unless it surely is another
        release.
        """
        ...

    def record_capture(self, capture: Capture, /, *, by: Person) -> bool:
        """Add what a platform needs to bring a deployment's release back.

        False if the deployment's newest capture says the very same; UnknownName if the deployment
        is unknown, UsageError if it went to another Target.
        """
        ...

    def captures(self, target: Target, /, *, limit: int) -> tuple[Capture, ...]:
        """List the newest capture of each release of a Target, newest first."""
        ...

    def secret_key(self) -> bytes:
        """Return this ledger's random key for keyed hashes; made when it is first asked for."""
        ...
