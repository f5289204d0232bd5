"""What runs on this host, in sentences and as Markdown. Called by ``cli`` and ``terminal``."""

from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.views.escape import prose, text
from smartspec_rollback.views.units import moment


def sentences(seen: Snapshot | Target) -> tuple[str, ...]:
    """Say what is live, where traffic enters, and who is changing it; backticks mark names.

    A Target without a Snapshot is down.
    """
    if isinstance(seen, Target):
        return (f"{seen} is down; `smartspec local up` starts it.",)
    live = seen.live
    said = ["Nothing is live."]
    if live is not None:
        named = f" by {live.deployment_id}" if live.deployment_id else ""
        since = f" since {moment(live.deployed_at)}" if live.deployed_at else ""
        said = [f"`{live.release.version}` is live{named}{since}."]
    if seen.front_door:
        said.append(f"Traffic enters by `{seen.front_door}`.")
    if seen.operation is not None:
        said.append(f"Changing it now: {seen.operation.holder}.")
    return tuple(said)


def workloads(seen: Snapshot | Target) -> tuple[str, ...]:
    """Say of every workload how many instances are ready, and what traffic they get."""
    if isinstance(seen, Target):
        return ()
    shares = {share.revision: share.percent for share in seen.traffic}
    return tuple(
        f"`{each.version}`: {each.ready} of {each.desired} ready, "
        f"{shares.get(each.revision, 0)}% of traffic{', prewarmed' if each.prewarmed else ''}"
        for each in seen.workloads
    )


def target_of(seen: Snapshot | Target) -> Target:
    """Say which Target it is about."""
    return seen if isinstance(seen, Target) else seen.target


def markdown(seen: Snapshot | Target) -> str:
    """Write what runs as Markdown."""
    lines = [f"# {text(str(target_of(seen)))}", ""]
    lines += [prose(said) for said in sentences(seen)]
    if running := workloads(seen):
        lines += ["", *(f"- {prose(said)}" for said in running)]
    return "\n".join(lines) + "\n"
