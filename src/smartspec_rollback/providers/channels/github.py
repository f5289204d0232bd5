"""GitHub Deployments as an outlet: their statuses tell what a rollback does to them.

Made by ``wiring``; ``operations.courier`` sends. A deployment at GitHub is found by environment and
commit, else by environment and version; where there is none, nothing is told. Before a status is
added the deployment's own are read, so that a repeated delivery adds no second one.
"""

import re
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.messenger import Form, Post
from smartspec_rollback.providers.facts import APPLIED, Facts, facts
from smartspec_rollback.providers.posting import Caller
from smartspec_rollback.providers.web import Address, address

_FEW, _MANY = 5, 15
_DESCRIPTION = 140
_REMEMBERED = 1000
_WHOLE_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_UNDER_WAY = frozenset({Status.EXECUTING, Status.VERIFYING})
_UNSURE = frozenset({Status.INTERRUPTED, Status.UNKNOWN, Status.ABANDONED})
_UNCHANGED = frozenset({Status.STALE, Status.FAILED, Status.REFUSED, Status.CANCELLED})


class GithubSettings(Value):
    """Settings of the channel ``github``."""

    repository: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
            description="The repository that has the deployments.",
            examples=["example/checkout"],
        ),
    ]
    token: Annotated[
        SecretReference,
        Meta(
            description="Where a token is kept that may read and write its deployments.",
            examples=[{"env": "GITHUB_TOKEN"}],
        ),
    ]
    environment: Annotated[
        str,
        Meta(
            max_length=255,
            description="What GitHub calls the environment; without it, the same as here.",
            examples=["prod"],
        ),
    ] = ""
    task: Annotated[
        str,
        Meta(
            max_length=255,
            description="Deployments with this task only; for several services in one repository.",
            examples=["deploy:checkout"],
        ),
    ] = ""
    api: Annotated[
        str,
        Meta(
            pattern=r"^(https://[^\s/?#@]+|http://(127\.0\.0\.1|localhost)(:\d+)?)(/[^\s?#]*)?$",
            description="Where the API is; of GitHub Enterprise Server, https://HOST/api/v3.",
            examples=["https://github.example.org/api/v3"],
        ),
    ] = "https://api.github.com"
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long one request may take.",
            examples=["10s"],
            extra={"smartspec": "duration"},
        ),
    ] = 10.0


class Due(Value):
    """A status that a deployment should have; ``only_after_ours``: if it has one of ours."""

    of_target: bool
    state: str
    text: str
    only_after_ours: bool = False


class _Deployment(msgspec.Struct, frozen=True):
    id: int
    sha: str = ""
    ref: str = ""
    environment: str = ""
    task: str = ""


class _Status(msgspec.Struct, frozen=True):
    state: str
    description: str | None = None


class GithubMessenger:
    """Adds statuses to deployments of one repository."""

    name: ClassVar[str] = "github"
    form: ClassVar[Form] = Form.FACTS
    settings_type: ClassVar[type[Value]] = GithubSettings

    def __init__(self, settings: GithubSettings, **_: object) -> None:
        """Speak of ``settings.repository``; nothing is read yet."""
        self._settings = settings
        self._caller = Caller(where=f"channel {self.place}", seconds=settings.timeout)
        self._told: dict[tuple[str, bool], Due] = {}

    @property
    def place(self) -> str:
        """Name the repository, and which of its deployments."""
        kept = self._settings
        narrowed = "".join(f" {part}" for part in (kept.environment, kept.task) if part)
        return f"{self.name}:{kept.repository}{narrowed}"

    def send(self, post: Post, /, *, thread: str) -> str:  # noqa: ARG002 - there are no threads
        """Add the statuses that are due as the rollback stands."""
        self._tell(post)
        return post.key

    def edit(self, ref: str, post: Post, /) -> None:  # noqa: ARG002 - statuses are only ever added
        """Add what has become due since."""
        self._tell(post)

    def _tell(self, post: Post) -> None:
        told = facts(post, where=self._caller.where)
        for each in due(told):
            which = (told.rollback_id, each.of_target)
            if self._told.get(which) == each:
                continue
            found = self._find(told, each)
            if found is not None:
                self._add(found, each, told, page=post.link)
            self._told[which] = each
            while len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]

    def _find(self, told: Facts, each: Due) -> _Deployment | None:
        """Find the newest deployment of a release; None where there is none."""
        commit = told.commits.target if each.of_target else told.commits.failed
        version = told.to_version if each.of_target else told.from_version
        for ways in searches(commit, version):
            query = {
                "environment": self._settings.environment or told.target.environment,
                **({"task": self._settings.task} if self._settings.task else {}),
                **ways,
            }
            answered = self._call("GET", f"deployments?{urlencode(query)}")
            listed: tuple[_Deployment, ...] = self._decoded(answered, tuple[_Deployment, ...])
            fitting = {each.id: each for each in listed if fits(each, commit, version)}
            if fitting:
                return fitting[max(fitting)]
        return None

    def _add(self, found: _Deployment, each: Due, told: Facts, *, page: str) -> None:
        path = f"deployments/{found.id}/statuses"
        text = f"{told.rollback_id}: {each.text}"[:_DESCRIPTION]
        answered = self._call("GET", f"{path}?per_page={_MANY}")
        ours = [
            status
            for status in self._decoded(answered, tuple[_Status, ...])
            if (status.description or "").startswith(f"{told.rollback_id}: ")
        ]
        if ours and (ours[0].state, ours[0].description) == (each.state, text):
            return  # the newest comes first
        if each.only_after_ours and not ours:
            return
        status = {"state": each.state, "description": text, "auto_inactive": False}
        if page.startswith("https://"):
            status["log_url"] = page
        self._call("POST", path, status)

    def _call(self, method: str, path: str, document: dict[str, Any] | None = None) -> bytes:
        to = self._address()
        owner, _, name = self._settings.repository.partition("/")
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._caller.revealed(self._settings.token)}",
            "User-Agent": "smartspec-github",
            "X-GitHub-Api-Version": "2022-11-28",
            "Connection": "close",
            **({} if document is None else {"Content-Type": "application/json"}),
        }
        body = None if document is None else msgspec.json.encode(document)
        at = f"{to.path.rstrip('/')}/repos/{quote(owner)}/{quote(name)}/{path}"
        return self._caller.call(method, to, at, headers=headers, body=body).body

    def _address(self) -> Address:
        return address(self._settings.api)

    def _decoded(self, body: bytes, kind: Any) -> Any:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError:
            raise ProviderError(
                "GitHub answered something else than a list of deployments or statuses",
                where=self._caller.where,
                remedy="check `api`",
            ) from None


def due(told: Facts) -> tuple[Due, ...]:
    """Say which statuses both deployments should have as a rollback stands."""
    good, bad = told.to_version, told.from_version
    if told.status in _UNDER_WAY:
        return (Due(of_target=True, state="in_progress", text=f"rolling back from {bad}"),)
    if told.status in APPLIED:
        verified = told.status is Status.SUCCEEDED
        result = "rolled back to this, verified" if verified else "rolled back to this, not stable"
        return (
            Due(of_target=True, state="success" if verified else "failure", text=result),
            Due(of_target=False, state="inactive", text=f"rolled back to {good}"),
        )
    if told.status in _UNSURE:
        text = "rolling back stopped in the middle; a person has to look"
        return (Due(of_target=True, state="error", text=text),)
    if told.status in _UNCHANGED:
        text = "the rollback changed nothing"
        return (Due(of_target=True, state="inactive", text=text, only_after_ours=True),)
    return ()


def searches(commit: str | None, version: str) -> tuple[dict[str, str], ...]:
    """Say what to ask for, the surest first; a short commit is looked for among the newest."""
    few = {"per_page": str(_FEW)}
    whole = [c for c in dict.fromkeys((commit or "", version)) if _WHOLE_COMMIT.fullmatch(c)]
    found = [{"sha": sha, **few} for sha in whole]
    found.append({"ref": version, **few})
    if commit is not None and commit not in whole:
        found.append({"per_page": str(_MANY)})
    return tuple(found)


def fits(found: _Deployment, commit: str | None, version: str) -> bool:
    """Tell whether a deployment at GitHub is of a release: where a commit is known, it decides."""
    if commit is not None and _COMMIT.fullmatch(commit):
        return found.sha.startswith(commit)
    return version in (found.ref, found.sha)
