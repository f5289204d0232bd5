"""What the buttons of a chat post carry: the names of the actions, and what each is bound to.

Views write them into posts, Messengers read them from what a chat system says was pressed. A
value was rendered by us, but comes back from outside: whoever reads it checks it like anything.
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

from smartspec_rollback.domain.values import Value

_Carried = TypeVar("_Carried", bound=Value)

VALUE_LIMIT = 2000
"""Characters that the value of a button may have."""


class Press(StrEnum):
    """What pressing a button does."""

    APPROVE = "smartspec_approve"
    DENY = "smartspec_deny"
    CONFIRM = "smartspec_confirm"
    """Approve, once the person typed the short form of the digest."""
    CHOOSE = "smartspec_choose"


class Bound(Value):
    """The one plan an answer is for: whole digest; ``gist`` says it to people once more."""

    rollback_id: str
    digest: str
    gist: str = ""


class Choice(Value):
    """A command that somebody chose from a list instead of typing it."""

    command: str
    arguments: str


def written(carried: Bound | Choice) -> str:
    """Write what a button carries."""
    return msgspec.json.encode(carried).decode()


def bound(value: str) -> Bound:
    """Read what an answer is bound to; ValueError if that is not what the value says."""
    return _read(value, Bound)


def choice(value: str) -> Choice:
    """Read what was chosen; ValueError if that is not what the value says."""
    return _read(value, Choice)


def _read(value: str, kind: type[_Carried]) -> _Carried:
    if len(value) > VALUE_LIMIT:
        raise ValueError("the button's value is too long")
    try:
        return msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeError):
        raise ValueError("the button's value is none of ours") from None
