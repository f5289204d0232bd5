"""The guard of a Target: a Lease in the workload's namespace, renewed while we live.

Called by ``platform``. Whoever finds it held is told by whom. One that was not renewed for long is
nobody's any more, but clocks of machines differ: so it is taken only if it stays as it is for
another while.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import Any

from smartspec_rollback.domain.snapshot import Operation
from smartspec_rollback.errors import (
    AnotherRunning,
    FenceConflict,
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import AlreadyThere
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    LEASES,
    Obj,
    moment,
    number,
    part,
    text,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

_LOG = logging.getLogger(__name__)

_DURATION = 15
_RENEW_EVERY = 5.0
_UNDISTURBED = 6.0
_PATIENCE = 20.0
_PAUSE = 0.2
_SHORTENED = 200

Place = tuple[str, str]


def lease_name(site: Site) -> str:
    """Name the Lease of a Target's workload."""
    return f"smartspec-{site.settings.workload.replace('/', '-')}"


class HeldGuards:
    """The guards that one platform object holds, each with a thread that renews it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renewals: dict[Place, tuple[str, threading.Event]] = {}

    def take(self, site: Site, *, holder: str) -> None:
        """Hold a Target for ``holder``; AnotherRunning names who has it."""
        place = (site.api.namespace, lease_name(site))
        with self._lock:
            if self._renewals.get(place, ("", None))[0] == holder:
                return
        deadline = Deadline.after(site.clock, _PATIENCE)
        while not _taken(site, holder, deadline):
            if deadline.expired:
                raise AnotherRunning(
                    f"{site.target} is being taken by somebody else", where=_where(site)
                )
        stop = threading.Event()
        with self._lock:
            self._renewals[place] = (holder, stop)
        threading.Thread(
            target=_renew, args=(site, holder, stop), name=f"renews {place[1]}", daemon=True
        ).start()

    def let_go(self, site: Site, *, holder: str) -> None:
        """Let go of the holder's own guard, whichever process took it."""
        place = (site.api.namespace, lease_name(site))
        with self._lock:
            held = self._renewals.get(place)
            if held is not None and held[0] == holder:
                held[1].set()
                del self._renewals[place]
        deadline = Deadline.after(site.clock, _PATIENCE)
        while _still_held(site, holder, deadline):
            deadline.pause(_PAUSE)


def _still_held(site: Site, holder: str, deadline: Deadline) -> bool:
    """Delete the holder's Lease; true where that has to be looked at anew."""
    lease = site.api.get(LEASES, lease_name(site))
    if lease is None or holder_of(lease) != holder:
        return False
    try:
        site.api.delete(LEASES, lease, deadline=deadline)
    except (FenceConflict, ProviderUnavailable):
        # A renewal on its way moved it, or the answer was lost.
        if deadline.expired:
            raise
        return True
    return False


def holding(site: Site) -> Operation | None:
    """Tell who holds a Target; None if nobody living does."""
    lease = site.api.get(LEASES, lease_name(site))
    if lease is None or not holder_of(lease) or overdue(lease, now=site.clock.now()):
        return None
    holder = holder_of(lease)
    return Operation(holder=holder, id=holder, since=moment(lease, "spec", "acquireTime"))


def holder_of(lease: Obj) -> str:
    """Name who holds a Lease; empty if nobody does. It may be anybody's text."""
    said = text(lease, "spec", "holderIdentity")[:_SHORTENED]
    return "".join(each if each.isprintable() else "?" for each in said)


def overdue(lease: Obj, *, now: datetime) -> bool:
    """Tell whether a Lease was not renewed for twice its time; one without times never is."""
    renewed = moment(lease, "spec", "renewTime")
    if renewed is None:
        return False
    lasts = max(1, number(lease, "spec", "leaseDurationSeconds", default=_DURATION))
    return now > renewed + timedelta(seconds=2 * lasts)


def _taken(site: Site, holder: str, deadline: Deadline) -> bool:
    """Try once to take the Lease; False where somebody was quicker, to be looked at anew."""
    lease = site.api.get(LEASES, lease_name(site))
    try:
        if lease is None:
            site.api.create(LEASES, _made(site, holder), deadline=deadline)
            return True
        if holder_of(lease) not in ("", holder) and not _abandoned(site, lease):
            raise AnotherRunning(
                f"{site.target} is held by {holder_of(lease)}",
                where=_where(site),
                remedy="wait until it is over",
            )
        now = _stamp(site)
        spec: dict[str, Any] = {
            **part(lease, "spec"),
            "holderIdentity": holder,
            "leaseDurationSeconds": _DURATION,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": number(lease, "spec", "leaseTransitions") + 1,
        }
        site.api.patch(LEASES, lease_name(site), _replacing(lease, spec), deadline=deadline)
    except (AlreadyThere, FenceConflict):
        return False
    except ProviderUnavailable:
        # It may have been done: looking again tells, and taking one's own again does no harm.
        if deadline.expired:
            raise
        deadline.pause(_PAUSE)
        return False
    return True


def _abandoned(site: Site, lease: Obj) -> bool:
    """Tell whether nobody is behind a Lease: it is long overdue, and stays as it is."""
    if not overdue(lease, now=site.clock.now()):
        return False
    site.clock.sleep(_UNDISTURBED)
    again = site.api.get(LEASES, lease_name(site))
    return again is not None and version_of(again) == version_of(lease)


def _made(site: Site, holder: str) -> Obj:
    now = _stamp(site)
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": lease_name(site), "namespace": site.api.namespace},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": _DURATION,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": 0,
        },
    }


def _replacing(lease: Obj, spec: Obj) -> Operations:
    return (
        *unmoved(lease),
        {"op": "add", "path": "/spec", "value": spec},
    )


def _renew(site: Site, holder: str, stop: threading.Event) -> None:
    """Renew until told to stop, or until somebody else has it: then our steps' fences decide."""
    while not stop.wait(_RENEW_EVERY):
        deadline = Deadline.after(site.clock, _RENEW_EVERY)
        operations: Operations = (
            {"op": "test", "path": "/spec/holderIdentity", "value": holder},
            {"op": "replace", "path": "/spec/renewTime", "value": _stamp(site)},
        )
        try:
            site.api.patch(LEASES, lease_name(site), operations, deadline=deadline)
        except ProviderError as error:
            _LOG.warning(
                "the Lease was not renewed",
                extra={
                    "action": "kubernetes.renew",
                    "lease": lease_name(site),
                    "reason": type(error).__name__,
                },
            )


def _stamp(site: Site) -> str:
    return site.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _where(site: Site) -> str:
    return f"Lease {lease_name(site)} in {site.api.namespace}"
