"""The steps of a rollback among slots, listed as data. Called by ``layouts``.

The slot with the good release is started until it covers the load, traffic turns to it in one
patch, and the slot with the bad one is scaled down when its last requests had time to end.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.usual_steps import UsualSteps
from smartspec_rollback.domain.values import Parameter, digest, parameters
from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.marks import standing_marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    annotation,
    name_of,
    number,
    part,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots import patches
from smartspec_rollback.providers.platforms.kubernetes.slots.autoscalers import autoscaled
from smartspec_rollback.providers.platforms.kubernetes.slots.family import (
    Choice,
    Family,
    Slot,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest

START = "start-slot"
SWITCH = "turn-traffic"
SCALE_DOWN = "empty-slot"

_SWITCH_SECONDS = 120.0
_SENDING_SECONDS = 30.0
_GRACE_SECONDS = 30


def listed(site: Site, seen: Snapshot, family: Family, *, to: Release) -> tuple[Step, ...]:
    """List the steps to a release, having tried the writes on the server without effect.

    ProviderError where nothing is live, no slot can bring the release back, an autoscaler keeps
    its slot too small, or the server would not take a write.
    """
    live = family.live
    if seen.live is None or live is None:
        raise ProviderError(f"nothing is live on {seen.target}", where=site.where)
    choice = chosen(site, family, to)
    scaled = autoscaled(site.api, site.kind.resource)
    if choice.slot.name in scaled:
        _must_be_big_enough(choice.slot, family.load, scaled[choice.slot.name])
    _must_be_possible(site, family, choice)
    _tried(site, family, choice, autoscaler=choice.slot.name in scaled)
    facts = _facts(site, family, choice, live, to, autoscaled=live.name in scaled)
    old, new = seen.live.release.version, choice.kept.release.version
    usual = UsualSteps(target=site.target, old=old, new=new, facts=facts)
    return (
        _start(usual, site, choice),
        _switch(usual, site, family, live),
        _scale_down(usual, site, live, autoscaler=scaled.get(live.name)),
    )


def chosen(site: Site, family: Family, to: Release) -> Choice:
    """Find what a plan starts; NotDone where no slot can bring the release back, or has it live."""
    found, live = family.matching(to), family.live
    if live is None:
        raise ProviderError(f"nothing is live on {site.target}", where=site.where)
    if not found:
        raise NotDone(
            f"no workload beside {live.name} has run {to.version}, as far as the cluster remembers",
            where=site.where,
            remedy="choose a version that stands, or stood, in another slot than the live one",
        )
    if found[0].slot is live:
        raise NotDone(f"{to.version} has the traffic already", where=site.where)
    return found[0]


def _must_be_big_enough(slot: Slot, needed: int, autoscaler: str) -> None:
    if slot.wanted < needed:
        raise NotDone(
            f"{slot.name} has {slot.wanted} instances, the load needs {needed}, and the "
            f"autoscaler {autoscaler} owns that number",
            remedy=f"set minReplicas of the autoscaler {autoscaler} to {needed}, then plan "
            "again; replicas that an autoscaler owns are never written here",
        )


def _must_be_possible(site: Site, family: Family, choice: Choice) -> None:
    if obstacle := family.front.obstacle(choice.slot.choice):
        raise NotDone(
            obstacle,
            where=site.where,
            remedy=f"let those rules name {choice.slot.choice}, with `weight: 0`, and give no "
            "weight to anything but slots first",
        )
    state = choice.slot.state
    hindered = state.kind.hindrance(state.workload, state.known, choice.kept)
    if hindered is not None and not choice.stands:
        raise NotDone(
            f"{choice.slot.name} has another template and cannot be given the right one: "
            f"{hindered.danger}",
            where=site.where,
            remedy="lift that first, then plan again",
        )


def _tried(site: Site, family: Family, choice: Choice, *, autoscaler: bool) -> None:
    """Let the server judge the writes without doing them; refused now rather than later."""
    front, resource = family.front, site.kind.resource
    site.api.tried(
        front.resource,
        name_of(front.thing),
        front.moving(choice.slot.choice, marks=None),
    )
    starting = patches.starting(choice, count=None if autoscaler else family.load, marks=None)
    if not starting.changes:
        return
    made = site.api.tried(resource, choice.slot.name, starting.operations)
    if template_digest(part(made, "spec", "template")) != choice.kept.digest:
        raise NotDone(
            f"the cluster would change the template of {choice.kept.release.version} on its way in",
            where=site.where,
            remedy="a mutating webhook does that; see `kubectl get mutatingwebhookconfigurations`",
        )


def needs(site: Site, choice: Choice) -> str:
    """Identify the configuration that a choice would run with, as far as it can be read."""
    wanted = configuration.references(choice.kept.template)
    found = patches.content(site, choice.slot.state, wanted)
    return digest(configuration.fingerprint(wanted, found, key=choice.slot.uid))


def _facts(
    site: Site, family: Family, choice: Choice, live: Slot, to: Release, *, autoscaled: bool
) -> tuple[Parameter, ...]:
    front, slot = family.front, choice.slot
    return parameters(
        version=to.version,
        revision=choice.kept.id,
        template=choice.kept.digest,
        pod_hash=choice.kept.pod_hash if choice.stands else None,
        configuration_digest=to.configuration_digest,
        slot=slot.name,
        slot_uid=slot.uid,
        stood=slot.state.template_digest,
        marked=standing_marks(slot.state.workload),
        needs=needs(site, choice),
        choice=slot.choice,
        front_marked=standing_marks(front.thing),
        front_uid=uid_of(front.thing),
        previous=live.shown.id if live.shown is not None else "",
        old=live.name,
        old_uid=live.uid,
        emptied=digest(annotation(live.state.workload, patches.EMPTIED)),
        load=family.load,
        leave="yes" if autoscaled else "no",
    )


def _start(usual: UsualSteps, site: Site, choice: Choice) -> Step:
    slot = choice.slot
    before = f"scale `{site.settings.workload.partition('/')[0]}/{slot.name}` to {slot.wanted}"
    if not choice.stands:
        before += f", and put the template of `{slot.shown.id if slot.shown else ''}` back"
    return usual.start(
        kind=START,
        expected=parameters(
            version=usual.new, revision=choice.kept.id, ready="enough for the load"
        ),
        undo=f"They take no traffic yet; {before} again. `{usual.old}` stays live.",
        timeout=site.settings.ready_within,
    )


def _switch(usual: UsualSteps, site: Site, family: Family, live: Slot) -> Step:
    back = family.front.by_hand(live.choice, site.api.namespace)
    return usual.switch(
        kind=SWITCH, undo=f"Switch back to `{usual.old}`: {back}.", timeout=_SWITCH_SECONDS
    )


def _scale_down(usual: UsualSteps, site: Site, live: Slot, *, autoscaler: str | None) -> Step:
    kind = site.settings.workload.partition("/")[0]
    grace = number(
        live.state.template, "spec", "terminationGracePeriodSeconds", default=_GRACE_SECONDS
    )
    down = usual.scale_down(
        kind=SCALE_DOWN,
        undo=f"Start them again: `kubectl -n {site.api.namespace} scale {kind}/{live.name} "
        f"--replicas={live.wanted}`.",
        timeout=2 * site.settings.drain + grace + _SENDING_SECONDS,
    )
    if autoscaler is None:
        return down
    return replace(
        down,
        title=f"Leave the `{usual.old}` instances, which take no traffic any more, to the "
        f"autoscaler `{autoscaler}`.",
        expected=parameters(version=usual.old, running="as the autoscaler says"),
        undo="Nothing to undo.",
    )
