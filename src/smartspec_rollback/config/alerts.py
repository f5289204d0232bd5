"""What people write about alerts: which of them may open a rollback, and what their labels mean.

Read by ``sections`` and ``server``; ``model`` says what they come to.
"""

from typing import Annotated

from msgspec import Meta

from smartspec_rollback.config.annotations import Duration
from smartspec_rollback.config.model import AlertLabels, Alerts
from smartspec_rollback.domain.values import Value

_DEFAULT = Alerts()
_NAMES = AlertLabels()
_LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]{0,127}$"


class AlertsSection(Value):
    """What alerts about one service in one environment may do."""

    open_rollbacks: Annotated[
        bool,
        Meta(
            description="Whether an alert may open a rollback of what is live. People are asked "
            "then, always: no alert rolls anything back by itself.",
            examples=[True],
        ),
    ] = _DEFAULT.open_rollbacks
    severities: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="The severities that may.",
            examples=[["critical", "page"]],
        ),
    ] = _DEFAULT.severities
    within: Annotated[
        Duration,
        Meta(
            gt=0,
            description="How long after a deployment an alert may still be its doing; one that "
            "began later, or before the deployment, opens nothing.",
            examples=["1h"],
        ),
    ] = _DEFAULT.within


class AlertLabelsSection(Value):
    """What the labels of alerts are called."""

    service: Annotated[
        str,
        Meta(pattern=_LABEL, description="The label that names the service.", examples=["app"]),
    ] = _NAMES.service
    environment: Annotated[
        str,
        Meta(
            pattern=_LABEL,
            description="The label that names the environment. A service that has only one needs "
            "none.",
            examples=["env"],
        ),
    ] = _NAMES.environment
    deployment: Annotated[
        str,
        Meta(
            pattern=_LABEL,
            description="The label that names the deployment; without it, the live one is meant.",
            examples=["deployment_id"],
        ),
    ] = _NAMES.deployment
    severity: Annotated[
        str,
        Meta(
            pattern=_LABEL, description="The label that says how grave it is.", examples=["level"]
        ),
    ] = _NAMES.severity
