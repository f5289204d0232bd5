"""The sections about testing and measuring a release: probes, verification, objectives.

See ``sections`` for how these classes are used.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from smartspec_rollback.config.annotations import Duration, KindName
from smartspec_rollback.domain.objective import parse_objective
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.values import Value

_VERIFICATION = Verification()


class ProbeSection(Value):
    """An HTTP request that must be answered with the status."""

    path: Annotated[
        str,
        Meta(
            pattern=r"^/[!-~]*$",
            description="The path to request, from the front door or from each instance.",
            examples=["/healthz"],
        ),
    ]
    status: Annotated[
        int, Meta(ge=100, le=599, description="The status to expect.", examples=[200])
    ] = 200


class VerificationSection(Value):
    """How a release is tested and watched after it took traffic."""

    warm_up: Annotated[
        Duration,
        Meta(description="How long to wait after the switch before measuring.", examples=["10s"]),
    ] = _VERIFICATION.warm_up
    bake: Annotated[
        Duration,
        Meta(gt=0, description="How long to measure against the objectives.", examples=["60s"]),
    ] = _VERIFICATION.bake
    deadline: Annotated[
        Duration,
        Meta(gt=0, description="When verification must be over, at the latest.", examples=["30m"]),
    ] = _VERIFICATION.deadline
    probes: Annotated[
        tuple[ProbeSection, ...],
        Meta(
            description="HTTP requests that must succeed.",
            examples=[[{"path": "/healthz", "status": 200}]],
        ),
    ] = ()
    commands: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="The service's own tests: commands that must exit with 0.",
            examples=[["./smoke.sh"]],
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Leave room for the bake time within the deadline."""
        if self.deadline < self.warm_up + self.bake:
            raise ValueError("the deadline is shorter than warm_up and bake together")


class ObjectiveSection(Value):
    """The long form of an objective; ``query <= at_most`` is what its short form says."""

    query: Annotated[
        str,
        Meta(
            max_length=100,
            description="What is measured: `p99 latency` or `error rate`.",
            examples=["p99 latency"],
        ),
    ]
    at_most: Annotated[
        str,
        Meta(
            max_length=100,
            description="The bound, with its unit: ms or s for latency, % for the error rate.",
            examples=["200ms"],
        ),
    ]
    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType,
        Meta(
            description="What reports call it; otherwise its short form.",
            examples=["checkout is fast"],
        ),
    ] = UNSET
    source: Annotated[
        KindName | UnsetType,
        Meta(description="The kind of metrics source that measures it.", examples=["probe"]),
    ] = UNSET
    window: Annotated[
        Annotated[Duration, Meta(gt=0)] | UnsetType,
        Meta(description="How long is measured; otherwise the bake time.", examples=["30s"]),
    ] = UNSET
    required: Annotated[
        bool,
        Meta(description="Whether missing it fails the release.", examples=[True]),
    ] = True

    @property
    def short(self) -> str:
        """Say it in the short form."""
        return f"{self.query} <= {self.at_most}"

    @property
    def title(self) -> str:
        """Name it as reports do."""
        return self.short if self.name is UNSET else self.name

    def __post_init__(self) -> None:
        """Refuse what has no short form; a ValueError says how it is written."""
        parse_objective(self.short)
