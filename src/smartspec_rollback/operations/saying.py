"""What desk and its two halves share: who speaks, what they may ask for, what they are told.

Nothing here does anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.store import Store


class AnswerGiven(Protocol):
    """What became of an answer that counts; ``is_new``: it was not given before."""

    @property
    def is_new(self) -> bool:
        """Whether it counts from now on, not since earlier."""
        ...


class Verbs(Protocol):
    """What the desk asks for in somebody's name; ``operations.Operations`` has it all."""

    def rollback(self, who: Principal, request: Request, /) -> Report:
        """Begin a rollback, or join the one that runs; returns once it is planned."""
        ...

    def answer(
        self,
        who: Principal,
        rollback_id: str,
        given: Answer,
        /,
        *,
        digest: str,
        channel: str,
        reason: str = "",
    ) -> AnswerGiven:
        """Record an answer to the plan with this digest; Refused where it does not count."""
        ...

    def gate(self, who: Principal, deployment_id: str, listener: Listener, /) -> Verdict:
        """Judge a deployment."""
        ...

    def candidates(self, who: Principal, /) -> tuple[LedgerEntry, ...]:
        """List deployments that ``who`` may take back."""
        ...


@dataclass(frozen=True)
class Office:
    """What the desk works with; ``identify`` says who an account is."""

    verbs: Verbs
    store: Store
    clock: Clock
    identify: Callable[[str], Person]


def stranger(person: Person) -> str | None:
    """Say that nobody knows whose account this is, or None where somebody does."""
    if person.is_mapped:
        return None
    account = person.account[:255].replace("`", "'")
    return f"`{account}` is nobody in `people` of smartspec.yaml"


def in_words(error: SmartSpecError) -> tuple[str, ...]:
    """Tell an error to people in a chat: what is wrong and what to do; not where it lies."""
    told = error.what.rstrip(". ")
    if told.partition(" ")[0].isalpha():  # an id stays as it is written
        told = told[:1].upper() + told[1:]
    if not error.remedy:
        return (f"{told}.",)
    remedy = error.remedy.rstrip(". ")
    return (f"{told}.", f"To do: {remedy}" if remedy.endswith("?") else f"To do: {remedy}.")
