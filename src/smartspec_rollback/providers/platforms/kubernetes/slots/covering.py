"""Which ready instances of a slot there are, and whether they cover the load. Only reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from smartspec_rollback.domain.step import Step
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    PODS,
    name_of,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots.front import Front
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import (
    is_ending,
    is_over,
    is_ready,
)


@dataclass(frozen=True)
class Instances:
    """The pods that traffic would reach: those of the target that are ready, and how many others.

    ``strangers`` are pods of another release that would get traffic too.
    """

    ready: frozenset[str]
    strangers: int

    def lacking(self, needed: int) -> str | None:
        """Say what speaks against sending them traffic; None where nothing does."""
        if self.strangers:
            return f"{self.strangers} instances of another release would get traffic too"
        if len(self.ready) < needed:
            return f"{len(self.ready)} of {needed} instances are ready for traffic"
        return None


def instances(site: Site, front: Front, step: Step, known: Iterable[Kept]) -> Instances:
    """Look at the pods that all traffic would go to."""
    choice, label = step.parameter("choice"), site.kind.hash_label
    pods = [each for each in site.api.list(PODS, labels=front.labels(choice)) if not is_over(each)]
    hashes = {k.pod_hash for k in known if k.digest == step.parameter("template") and k.pod_hash}
    own = [each for each in pods if text(each, "metadata", "labels", label) in hashes]
    strangers = sum(each not in own and not is_ending(each) for each in pods)
    ready = frozenset(name_of(each) for each in own if is_ready(each))
    reached = front.reaches(site.api, choice) if ready else None
    return Instances(ready if reached is None else ready & reached, strangers)
