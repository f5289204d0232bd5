"""What all checks promise together: order, contract words, names, and no false pass."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.checks.facts import INSPECTION, SAFE, SETTINGS, SNAPSHOT, but, decided

from smartspec_rollback.checks import ALL, Check, assess
from smartspec_rollback.domain.facts import Boot, Facts, Reading
from smartspec_rollback.domain.finding import Outcome, Risk, summarise_risk

PASSED, UNKNOWN = Outcome.PASSED, Outcome.UNKNOWN

PUBLISHED = {
    "target-evidence": 1,
    "still-live": 2,
    "target-differs": 3,
    "target-not-held": 4,
    "artifact-exists": 5,
    "configuration-restorable": 6,
    "secrets-exist": 7,
    "schema-compatible": 8,
    "data-loss": 13,
    "capacity": 17,
    "nothing-else-running": 18,
    "plan-is-fresh": 19,
    "will-it-help": 20,
    "metrics-fresh": 21,
    "change-freeze": 23,
    "dependents": 24,
    "target-boots": 25,
    "nothing-puts-it-back": 26,
}


def test_names_and_numbers_are_the_published_ones() -> None:
    """`--override NAME` in runbooks and audit logs would stop working if a name changed."""
    assert {each.NAME: each.NUMBER for each in ALL} == PUBLISHED
    assert [each.NUMBER for each in ALL] == sorted(PUBLISHED.values())


def test_schema_and_data_come_first_then_the_others_by_number() -> None:
    """The two contract lines open every plan."""
    findings = assess(SAFE)
    assert [f.check for f in findings[:2]] == ["schema-compatible", "data-loss"]
    assert [f.number for f in findings[2:]] == sorted(f.number for f in findings[2:])
    assert sorted(f.check for f in findings) == sorted(PUBLISHED)


def test_with_everything_known_and_good_all_checks_pass_at_low_risk() -> None:
    """If a check could not pass, no rollback would ever be called safe."""
    findings = assess(SAFE)
    assert [f for f in findings if f.outcome is not PASSED] == []
    assert all(f.evidence for f in findings)
    assert summarise_risk(findings, target_has_evidence=True) is Risk.LOW


def test_the_contract_words_of_schema_and_data() -> None:
    """These two lines are promised to the letter."""
    passed = [f.summary for f in assess(SAFE)[:2]]
    assert passed == [
        "No breaking database schema changes detected.",
        "No data loss risk identified.",
    ]
    assert {e.source for f in assess(SAFE)[:2] for e in f.evidence} == {"declared"}
    absent = assess(decided(database=None))[:2]
    assert [f.summary for f in absent] == [
        "Schema not checked: no database configured for checkout.",
        "Data loss not checked: no database configured for checkout.",
    ]
    unlooked = assess(decided(database="postgresql"))[:2]
    assert [f.summary for f in unlooked] == [
        "Schema not checked: the checks for postgresql are not available.",
        "Data loss not checked: the checks for postgresql are not available.",
    ]
    assert {f.outcome for f in (*absent, *unlooked)} == {UNKNOWN}


@pytest.mark.parametrize("kind", ["None", "NONE", "", " none", "no", "sqlite"])
def test_only_the_exact_declaration_counts_as_no_database(kind: str) -> None:
    """A near miss must not be taken for a declaration that there is no data to lose."""
    assert {f.outcome for f in assess(decided(database=kind))[:2]} == {UNKNOWN}


UNLEARNT = but(
    settings=msgspec.structs.replace(SETTINGS, database=None),
    failed_verdict=None,
    onset=None,
    before=None,
    snapshot=msgspec.structs.replace(SNAPSHOT, live=None, owners=None, traffic=()),
    chosen=msgspec.structs.replace(SAFE.chosen, health=None, deployed_at=None),
    chosen_verdict=None,
    inspection=None,
    boot=None,
    reading=None,
)


def test_what_could_not_be_learnt_is_never_passed() -> None:
    """A false tick is the worst bug there is: it makes people consent to what nobody checked."""
    findings = {f.check: f for f in assess(UNLEARNT)}
    certain = {"target-not-held", "nothing-else-running", "plan-is-fresh", "change-freeze"}
    passed = {name for name, f in findings.items() if f.outcome is PASSED}
    assert passed == certain | {"dependents"}
    assert findings["target-evidence"].outcome is Outcome.ATTENTION
    unknown = {name for name, f in findings.items() if f.outcome is UNKNOWN}
    assert unknown == set(PUBLISHED) - passed - {"target-evidence"}


def test_a_ledger_that_was_not_read_proves_nothing() -> None:
    """Under break-glass an empty journal would say that nothing is held, failed or running."""
    facts = but(ledger_gap="is not read under break-glass")
    settings = msgspec.structs.replace(facts.settings, dependents=("orders",))
    findings = assess(msgspec.structs.replace(facts, settings=settings))
    unknown = {f.check for f in findings if f.outcome is UNKNOWN}
    assert {"target-not-held", "nothing-else-running", "dependents"} <= unknown
    assert not [e for f in findings for e in f.evidence if e.source == "ledger"]


def test_without_the_ledger_nobody_is_sent_to_it() -> None:
    """Under break-glass people would run commands that fail, in the middle of an incident."""
    nothing = msgspec.structs.replace(SAFE.chosen, health=None, rejected=("no evidence of health",))
    for facts in (
        but(ledger_gap="is not read under break-glass"),
        but(ledger_gap="is not read under break-glass", failed_verdict=None, chosen=nothing),
    ):
        for finding in assess(facts):
            assert "smartspec_quality_gate" not in finding.remedy
            assert "deployment mark" not in finding.remedy
    told = {
        f.check: f.remedy
        for f in assess(but(ledger_gap="is not read under break-glass", failed_verdict=None))
    }
    assert told["will-it-help"] == "ask whoever saw the trouble begin"


DEPENDS_ON = {
    "inspection": {"artifact-exists", "configuration-restorable", "secrets-exist", "capacity"},
    "boot": {"target-boots"},
    "reading": {"metrics-fresh"},
    "failed_verdict": {"will-it-help"},
    "before": {"will-it-help"},
}


@pytest.mark.parametrize("name", DEPENDS_ON)
def test_each_missing_fact_is_noticed_by_its_checks(name: str) -> None:
    """One None that is overlooked is one false tick."""
    findings = assess(but(**{name: None}))
    assert {f.check for f in findings if f.outcome is UNKNOWN} == DEPENDS_ON[name]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("artifact_present", "artifact-exists"),
        ("artifact_unchanged", "artifact-exists"),
        ("missing_configuration", "configuration-restorable"),
        ("missing_secrets", "secrets-exist"),
        ("startable", "capacity"),
        ("wanted", "capacity"),
    ],
)
def test_each_gap_in_an_inspection_is_noticed(name: str, check: str) -> None:
    """A platform that cannot tell must not be read as one that says yes."""
    facts = but(inspection=msgspec.structs.replace(INSPECTION, **{name: None}))
    assert [f.check for f in assess(facts) if f.outcome is UNKNOWN] == [check]


outside = st.text(max_size=20)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Draw facts in which anything may be missing and any text may be hostile."""
    facts = draw(st.sampled_from([SAFE, UNLEARNT]))
    other = UNLEARNT if facts is SAFE else SAFE
    swapped = draw(st.sets(st.sampled_from(facts.__struct_fields__), max_size=6))
    text = draw(outside)
    release = msgspec.structs.replace(facts.chosen.release, version=text)
    facts = msgspec.structs.replace(facts, **{name: getattr(other, name) for name in swapped})
    if draw(st.booleans()):
        facts = msgspec.structs.replace(
            facts,
            chosen=msgspec.structs.replace(facts.chosen, release=release),
            reading=Reading(source=text, newest=None, problem=draw(st.none() | outside)),
            boot=Boot(ready=draw(st.sampled_from([None, True, False])), detail=text),
        )
    return facts


@given(facts=any_facts())
def test_every_finding_is_complete_whatever_comes(facts: Facts) -> None:
    """A check that raises, or finds fault without a remedy, leaves people alone in an incident."""
    findings = assess(facts)
    assert len(findings) == len(ALL)
    for finding in findings:
        assert finding.summary
        assert PUBLISHED[finding.check] == finding.number
        assert bool(finding.remedy) == (finding.outcome is not PASSED)
        assert finding.override is None


@pytest.mark.parametrize("each", ALL, ids=lambda each: str(each.NAME))
def test_every_check_can_be_documented(each: Check) -> None:
    """The reference page is generated from these sentences."""
    assert each.TITLE.endswith("?")
    assert each.LOOKS_AT.endswith(".")
    assert each.BLOCKS_WHEN.endswith(".")
