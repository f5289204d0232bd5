"""What a platform was observed to be, and when; and what must not change before acting on it."""

from datetime import datetime

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value, digest


class Revision(Value):
    """One platform's id for a release it was given.

    ``deployment_id`` is the id a pipeline told the platform, where it did.
    """

    id: str
    release: Release
    deployed_at: datetime | None = None
    deployment_id: str | None = None


class Workload(Value):
    """The instances of one revision: how many are wanted, run, and are ready for traffic."""

    revision: str
    version: str
    desired: int
    running: int
    ready: int
    prewarmed: bool = False


class Share(Value):
    """How much of production's traffic goes to a revision, in per cent."""

    revision: str
    percent: int


class Operation(Value):
    """Something that is changing the Target right now: a deployment, or a rollback.

    ``holder`` names it to people; ``id`` is the deployment or rollback id, where known. ``brings``
    is the release being put live, told only where nobody told the platform a deployment's id:
    then content must say whose rollout it is.
    """

    holder: str
    id: str | None
    since: datetime | None
    brings: Release | None = None


class Owner(Value):
    """Automation that puts back what it believes should be live (a GitOps controller).

    ``suspended`` is None where that could not be learnt. ``suspended_by_plan``: the plan suspends
    it; such owners come in the order of the plan's first steps, one step each. ``doubt`` says in a
    sentence why it may put things back nevertheless, ``remedy`` what to do about that.
    """

    name: str
    suspended: bool | None
    suspended_by_plan: bool = False
    doubt: str = ""
    remedy: str = ""


class Snapshot(Value):
    """A platform as observed at one moment.

    ``uid`` names the deployed object, ``template`` and ``configuration`` are digests of what
    runs. ``history`` is what the platform itself remembers, newest first, the live one included.
    ``owners`` is None where the platform cannot tell. ``front_door`` is the URL production
    traffic enters by, None where it cannot be reached from here. ``heading`` is where traffic is
    going by itself while one rollout takes its way; empty once it has arrived.
    """

    target: Target
    at: datetime
    uid: str
    live: Revision | None
    traffic: tuple[Share, ...]
    workloads: tuple[Workload, ...]
    history: tuple[Revision, ...]
    operation: Operation | None
    owners: tuple[Owner, ...] | None
    template: str
    configuration: str
    resource_version: str
    front_door: str | None = None
    heading: tuple[Share, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Digest the four things whose change makes a plan stale.

        Uid, template, traffic and referenced configuration; never the resource version, which
        crashing instances and autoscalers move all the time. A rollout that goes on, or ends, is
        no change either: where it takes traffic counts, not how far it is.
        """
        traffic = self.heading or self.traffic
        return digest((self.uid, self.template, traffic, self.configuration))


class Fence(Value):
    """The precondition of an action: it fails, undone, if the platform no longer looks like this.

    ``operation`` is the action's stable id, ``token`` the number of the claim on the rollback.
    """

    operation: str
    token: int
    fingerprint: str


class Inspection(Value):
    """What a platform knows about whether a release could be run again.

    None means that it cannot tell, which is never read as "fine". ``missing_configuration`` and
    ``missing_secrets`` are names, never values. ``startable`` is how many instances could be
    started now, ``wanted`` how many the current load needs. ``configuration_unchanged`` tells
    whether it would run with the configuration that it was recorded with; ``restores`` names what
    the plan puts back so that it does, ``differing`` what differs for good.
    """

    artifact: str | None
    artifact_present: bool | None
    artifact_unchanged: bool | None
    missing_configuration: tuple[str, ...] | None
    missing_secrets: tuple[str, ...] | None
    startable: int | None
    wanted: int | None
    detail: str = ""
    configuration_unchanged: bool | None = None
    restores: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
