"""What fields of requests may hold: the same bounds are checked and described.

Called by the modules of requests and by ``openapi``.
"""

from typing import Annotated

from msgspec import Meta

NAME_PATTERN = r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+:@-]{0,127}$"
"""What ``domain.names.checked_name`` takes."""

MAX_TEXT = 2000

Name = Annotated[
    str, Meta(pattern=NAME_PATTERN, max_length=128, description="A name.", examples=["checkout"])
]
DeploymentId = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        max_length=128,
        description="The pipeline's id of a deployment.",
        examples=["deploy-12345"],
    ),
]
VersionName = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        max_length=128,
        description="The name of a release.",
        examples=["v1.2.0"],
    ),
]
ServiceName = Annotated[
    str,
    Meta(pattern=NAME_PATTERN, max_length=128, description="Which service.", examples=["checkout"]),
]
EnvironmentName = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        max_length=128,
        description="Which environment.",
        examples=["production"],
    ),
]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TEXT,
        description="Plain text on one line; without control characters.",
        examples=["checkout page is blank"],
        extra_json_schema={"format": "printable-text"},
    ),
]
Digest = Annotated[
    str,
    Meta(
        pattern=r"^(sha256:)?[0-9a-f]{8,64}$",
        max_length=71,
        description="The digest of the plan that is answered: whole, or at least its first eight "
        "digits.",
        examples=["sha256:" + "0123456789abcdef" * 4],
    ),
]
Limit = Annotated[int, Meta(ge=1, le=1000, description="How many to list.", examples=[20])]
After = Annotated[
    int,
    Meta(
        ge=0, le=2**53 - 1, description="Only what comes after this entry's number.", examples=[0]
    ),
]
