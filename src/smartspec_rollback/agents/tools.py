"""The MCP server: which tools and prompts there are. Called by ``cli.mcp``.

Every result is wrapped: a notice that its content is data, and the document. Every argument that a
tool does not know is refused, so that nobody believes to have asked for what cannot be asked.
"""

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import ConfigDict, Field

from smartspec_rollback.agents import prompts
from smartspec_rollback.agents.backend import Backend, Document
from smartspec_rollback.errors import SmartSpecError

INSTRUCTIONS = (
    "SmartSpec Rollback returns a failed production deployment to a version known to be good. "
    "These tools plan, explain, list and follow rollbacks, and ask for one that people approve. "
    f"{prompts.PEOPLE} {prompts.CAREFUL}"
)

_ENTRIES = 200
_LOOK_EVERY = 0.5
_LONGEST_WAIT = 30

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
_ASKS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

DeploymentId = Annotated[
    str, Field(min_length=1, max_length=128, description="The deployment's id, like deploy-12345.")
]
RollbackId = Annotated[
    str, Field(min_length=1, max_length=128, description="The rollback's id, like rb-abc123.")
]
TargetVersion = Annotated[
    str | None,
    Field(
        max_length=128, description="The version to go back to; without it, the last known good."
    ),
]
Service = Annotated[str | None, Field(max_length=128, description="Of this service only.")]
Environment = Annotated[str | None, Field(max_length=128, description="Of this environment only.")]
Limit = Annotated[int, Field(ge=1, le=50, description="How many at most, newest first.")]


def server_of(backend: Backend) -> MCPServer[Any]:
    """Make the server whose tools ask ``backend``."""
    tools = Tools(backend)
    reading = (
        tools.plan_rollback,
        tools.explain_rollback,
        tools.list_candidates,
        tools.list_deployments,
        tools.list_rollbacks,
        tools.list_holds,
        tools.follow_rollback,
    )
    server: MCPServer[Any] = MCPServer(
        "smartspec",
        title="SmartSpec Rollback",
        instructions=INSTRUCTIONS,
        version=version("smartspec-rollback"),
        tools=[
            *(_strict(tool, _READS) for tool in reading),
            _strict(tools.request_rollback, _ASKS),
        ],
        log_level="WARNING",
    )

    @server.prompt(name="smartspec_rollback", description="Take a failed deployment back.")
    def smartspec_rollback(failed_deployment_id: str = "") -> str:
        """Lead through it."""
        return prompts.rollback(failed_deployment_id)

    @server.prompt(
        name="smartspec_quality_gate", description="Tell what is known of a deployment's health."
    )
    def smartspec_quality_gate(deployment_id: str) -> str:
        """Lead through it."""
        return prompts.quality_gate(deployment_id)

    return server


class Tools:
    """What an agent can call; each docstring is what the agent reads about it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def plan_rollback(
        self, failed_deployment_id: DeploymentId, target_version: TargetVersion = None
    ) -> Document:
        """Plan a rollback and run every safety check, without changing anything (a dry run).

        Tells the versions, the steps, each finding with its evidence, and the risk.
        """
        return _told(lambda: self._backend.plan(failed_deployment_id, target_version))

    def explain_rollback(self, rollback_id: RollbackId) -> Document:
        """Tell how a rollback stands: its plan and its report as people read them, and findings."""

        def explained() -> Document:
            plan, report = self._backend.texts(rollback_id)
            document = self._backend.rollback(rollback_id)
            kept = ("rollback_id", "status", "status_detail", "outcome", "findings", "advice")
            facts = {name: document[name] for name in kept if name in document}
            return {**facts, "plan": plan, "report": report}

        return _told(explained)

    def list_candidates(self) -> Document:
        """List what is live where: each could be the failed deployment that is to be taken back.

        Tells its newest conclusive verdict, a rollback that is under way, and holds. Failed first.
        """

        def candidates() -> Document:
            found = self._backend.services()
            services = sorted(found.get("services", []), key=_failed, reverse=True)
            return {"services": services}

        return _told(candidates)

    def list_deployments(
        self, service: Service = None, environment: Environment = None, limit: Limit = 10
    ) -> Document:
        """List recorded deployments with what is known of their health, newest first."""
        return _told(lambda: self._backend.deployments(service, environment, limit=limit))

    def list_rollbacks(
        self, service: Service = None, environment: Environment = None, limit: Limit = 10
    ) -> Document:
        """List rollbacks, newest first."""
        return _told(lambda: self._backend.rollbacks(service, environment, limit=limit))

    def list_holds(self) -> Document:
        """List the holds in force: bad releases that must not be deployed again."""
        return _told(self._backend.holds)

    def follow_rollback(
        self,
        rollback_id: RollbackId,
        after: Annotated[int, Field(ge=0, description="The last entry's seq that you have.")] = 0,
        wait_seconds: Annotated[
            int,
            Field(ge=0, le=_LONGEST_WAIT, description="Wait so long for news, if there are none."),
        ] = 0,
    ) -> Document:
        """Return what was written in a rollback's journal after an entry.

        Call it again with the greatest `seq` until `is_active` is false.
        """

        def news() -> Document:
            ends = time.monotonic() + wait_seconds
            while True:
                found = self._backend.journal(rollback_id, after=after)
                left = ends - time.monotonic()
                if found["entries"] or not found["is_active"] or left <= 0:
                    return {**found, "entries": found["entries"][:_ENTRIES]}
                time.sleep(min(_LOOK_EVERY, left))

        return _told(news)

    def request_rollback(
        self,
        failed_deployment_id: DeploymentId,
        reason: Annotated[
            str,
            Field(min_length=1, max_length=1000, description="Why; people read it in the plan."),
        ],
        target_version: TargetVersion = None,
    ) -> Document:
        """Ask for a rollback. It is planned, and then people are asked: this approves nothing.

        Asking twice for one deployment gives one rollback. Do so only if the person you work for
        wants it.
        """
        return _told(
            lambda: self._backend.request(failed_deployment_id, target_version, reason=reason)
        )


def _told(work: Callable[[], Document]) -> Document:
    """Wrap a result; an error of ours is one that the agent may read."""
    try:
        data = work()
    except SmartSpecError as error:
        raise ToolError(f"{error} [{type(error).__name__}, exit code {error.exit_code}]") from None
    return {"notice": prompts.CAREFUL, "data": data}


def _strict(function: Callable[..., Document], annotations: ToolAnnotations) -> Tool:
    """Make a tool that refuses arguments it does not have."""
    tool = Tool.from_function(function, annotations=annotations, structured_output=True)
    loose = tool.fn_metadata.arg_model
    strict = type(loose.__name__, (loose,), {"model_config": ConfigDict(extra="forbid")})
    return tool.model_copy(
        update={
            "fn_metadata": tool.fn_metadata.model_copy(update={"arg_model": strict}),
            "parameters": {**tool.parameters, "additionalProperties": False},
        }
    )


def _failed(standing: Document) -> bool:
    live = standing.get("live") or {}
    verdict = live.get("conclusive") or {}
    return bool(verdict.get("outcome") == "fail")
