"""The steps of a rollback whose target stands prewarmed as a shadow, listed as data.

Traffic goes to the shadow first, in moments; the workload is put back behind it, takes the traffic
over once it covers the load, and the shadow goes. Called by ``rolling.steps``.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.step import SWITCH, Repeat, Step
from smartspec_rollback.domain.values import Parameter, parameters
from smartspec_rollback.providers.platforms.kubernetes.marks import standing_marks
from smartspec_rollback.providers.platforms.kubernetes.objects import name_of, part
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import Beside
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import Slot, shadow_name
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import by_hand, selects
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

TO_SHADOW = "switch-to-shadow"
BEHIND = "restore-behind-traffic"
HAND_BACK = "hand-traffic-back"
REMOVE = "remove-shadow"

_FLIP_SECONDS = 120.0


def around(
    plain: tuple[Step, ...], site: Site, state: State, beside: Beside, slot: Slot
) -> tuple[Step, ...]:
    """Put the plain rolling steps between the flips of the Service.

    ``plain`` are what lifts a hindrance, if any, then start, switch and scale down; the flip takes
    the place of the plain switch. Where an earlier rollback left the traffic with the shadow, it
    is only handed back.
    """
    *first, start, switch, down = plain
    facts = (
        *start.parameters,
        *_slot(state, beside, slot),
    )
    version, service = start.parameter("version"), site.settings.traffic
    to_shadow = replace(
        switch,
        kind=TO_SHADOW,
        parameters=facts,
        expected=parameters(version=version, selector=f"{slot.key}={slot.shadow}"),
        undo=f"Point `{service}` back: `{_flip(site, slot, slot.usual)}`.",
        timeout=_FLIP_SECONDS,
    )
    behind = replace(
        start,
        kind=BEHIND,
        title=f"Put `{version}` back into `{site.settings.workload}`, behind the traffic.",
    )
    back = Step(
        id=HAND_BACK,
        kind=HAND_BACK,
        title=f"Hand production traffic over to the instances of `{site.settings.workload}`, "
        f"`{version}` too.",
        target=site.target,
        parameters=facts,
        expected=parameters(version=version, selector=f"{slot.key}={slot.usual}"),
        undo=f"Point `{service}` at the prewarmed instances again: "
        f"`{_flip(site, slot, slot.shadow)}`.",
        repeat=Repeat.IDEMPOTENT,
        timeout=_FLIP_SECONDS,
        moves_traffic=True,
    )
    remove = Step(
        id=REMOVE,
        kind=REMOVE,
        title=f"Remove the prewarmed instances of `{version}` again.",
        target=site.target,
        parameters=facts,
        expected=parameters(running=0),
        undo="Nothing to undo: they receive no traffic any more.",
        repeat=Repeat.IDEMPOTENT,
        timeout=down.timeout,
    )
    if beside.shadow_serves:
        back = replace(back, id=SWITCH, title=switch.title, undo=_no_way_back(service))
        return (*first, behind, down, back, remove)
    return (to_shadow, *first, behind, down, back, remove)


def unreached(beside: Beside, target: Kept) -> tuple[str, str] | None:
    """Say that the Service would send a release's instances nothing, and what to do then."""
    service, slot = beside.service, beside.slot
    selected = dict(part(service, "spec", "selector"))
    if slot is not None and beside.shadow_serves:
        selected[slot.key] = slot.usual
    labels = part(target.template, "metadata", "labels")
    if selects({"spec": {"selector": selected}}, labels):
        return None
    wanted = ", ".join(f"{key}={value}" for key, value in selected.items()) or "nothing"
    what = f"service/{name_of(service)} would send no traffic to {target.release.version}"
    remedy = (
        "let the Service select what the target carries too, then plan again; or leave `traffic:` "
        "out where something else sends the traffic"
    )
    return f"{what}: it selects {wanted}", remedy


def _no_way_back(service: str | None) -> str:
    return (
        f"No undo: `{service}` pointed at prewarmed instances that an earlier rollback left, and "
        "those go."
    )


def _slot(state: State, beside: Beside, slot: Slot) -> tuple[Parameter, ...]:
    return parameters(
        shadow=shadow_name(name_of(state.workload)),
        service=slot.service,
        key=slot.key,
        usual=slot.usual,
        beside=slot.shadow,
        service_marked=standing_marks(beside.service),
        wanted=state.kind.wanted(state.workload),
    )


def _flip(site: Site, slot: Slot, value: str) -> str:
    return by_hand(site.api.namespace, slot.service, slot.key, value)
