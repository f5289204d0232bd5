"""Who was asked, and who answered."""

import msgspec
from tests.golden import cases

from smartspec_rollback.domain.approval import UNATTENDED
from smartspec_rollback.testing.samples import a_decision
from smartspec_rollback.views import asking


def test_unattended_is_nobodys_answer() -> None:
    """If it fails, the records say that somebody approved who never saw the plan."""
    said = asking.answered(a_decision(channel=UNATTENDED))
    assert said.startswith("Approved unattended (--auto-approve, started by ")
    assert asking.answered(a_decision(channel="terminal")).endswith(" approved by terminal")


def test_a_question_that_was_put_stays_a_question() -> None:
    """If it fails, a plan that people are asked about says that nobody is."""
    told = cases.succeeded()
    digest = told.digest
    consent = msgspec.structs.replace(a_decision(channel=UNATTENDED), digest=digest)
    quiet = msgspec.structs.replace(told, decisions=(consent,), journal=())
    assert (asking.unattended(quiet) or "").startswith("Approved unattended")
    asked = msgspec.structs.replace(quiet, journal=cases.journal(told.plan))
    assert asking.unattended(asked) is None
    other = msgspec.structs.replace(consent, digest="sha256:other")
    assert asking.unattended(msgspec.structs.replace(quiet, decisions=(other,))) is None
    assert asking.unattended(msgspec.structs.replace(quiet, decisions=())) is None
