"""What people write about the platform ``local`` in smartspec.yaml.

Decoded by ``config`` from the annotations here; the reference documentation is generated from
the descriptions. Read by every module of this package, changed by none.
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.values import Value

DEFAULT_STATE = Path(".smartspec/local")
"""Where state is kept, from the folder that the folder of releases is in."""

Seconds = Annotated[float, Meta(gt=0, extra={"smartspec": "duration"})]


class LocalSettings(Value):
    """Releases run as supervised processes on this host, behind one proxy per Target.

    ``releases`` holds a folder per version; everything else has a default.
    """

    releases: Annotated[
        Path,
        Meta(
            description="The folder that holds a folder per version, each with a release.yaml.",
            examples=["releases/"],
        ),
    ]
    instances: Annotated[
        int,
        Meta(ge=1, le=1000, description="How many instances of a release run.", examples=[3]),
    ] = 1
    listen: Annotated[
        str,
        Meta(
            pattern=r"^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}$",
            description="The IP address and port that production traffic enters by.",
            examples=["127.0.0.1:8000"],
        ),
    ] = "127.0.0.1:8000"
    state: Annotated[
        Path | None,
        Meta(
            description="The folder that keeps what runs where, with a subfolder per Target; "
            "without it, .smartspec/local beside the folder of releases.",
            examples=[".smartspec/local"],
        ),
    ] = None
    ports: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,5}-[0-9]{1,5}$",
            description="The loopback ports that instances may be given, first and last.",
            examples=["20000-29999"],
        ),
    ] = "20000-29999"
    workers: Annotated[
        int,
        Meta(ge=1, le=128, description="How many threads the proxy serves with.", examples=[2]),
    ] = 2
    ready_within: Annotated[
        Seconds,
        Meta(
            description="How long the instances of a release may take to become ready.",
            examples=["30s"],
        ),
    ] = 30.0
    drain: Annotated[
        Seconds,
        Meta(
            description="How long requests in flight may take to end before old instances stop.",
            examples=["30s"],
        ),
    ] = 30.0
