"""Loading what is right: values, defaults, types, and the domain's view of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.config.fakes import (
    FULL,
    LocalSettings,
    PostgresqlSettings,
    ProbeSettings,
    TerminalSettings,
    environment,
    load_text,
    one,
    problems_of,
)

from smartspec_rollback.config.model import PersonEntry
from smartspec_rollback.config.template import TEMPLATE
from smartspec_rollback.domain.approval import Person, Policy
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.objective import Metric
from smartspec_rollback.domain.settings import Freeze, Probe, Verification
from smartspec_rollback.errors import UnknownName


def test_the_contract_example_means_what_it_says(tmp_path: Path) -> None:
    """Every key of the documented example reaches the domain, or settings would be ignored."""
    configuration = load_text(FULL, tmp_path)
    checkout = configuration.target("checkout", "production")
    settings = checkout.settings
    assert checkout.platform.kind == "local"
    assert checkout.platform.settings == LocalSettings(releases=tmp_path / "releases", instances=3)
    assert checkout.metrics.settings == ProbeSettings(interval=0.05)
    assert checkout.channel is not None
    assert checkout.channel.settings == TerminalSettings()
    assert settings.database == "none"
    assert settings.verification == Verification(
        warm_up=10,
        bake=60,
        deadline=1800,
        probes=(Probe(path="/healthz"),),
        commands=("./smoke.sh",),
    )
    assert settings.prewarm is True
    assert settings.soak == 600
    assert settings.policy == Policy(
        approvers=("alice", "bob"),
        quorum=1,
        expires=900,
        self_approval=True,
        auto_approve_up_to=Risk.MEDIUM,
    )
    assert settings.freeze == (
        Freeze(
            start=datetime(2026, 12, 24, tzinfo=UTC),
            end=datetime(2027, 1, 2, tzinfo=UTC),
            reason="holidays",
        ),
    )
    assert settings.depends_on == ("payments",)
    latency, errors, fast = settings.objectives
    assert (latency.metric, latency.at_most, latency.quantile) == (Metric.LATENCY, 0.2, 0.99)
    assert (errors.metric, errors.at_most, errors.required) == (Metric.ERROR_RATE, 0.01, True)
    assert (fast.name, fast.at_most, fast.window, fast.required) == ("fast", 0.05, 30, False)


def test_dependents_are_the_reverse_of_depends_on_in_the_same_environment(tmp_path: Path) -> None:
    """A rollback of payments must know that checkout calls it, but only where it runs beside it."""
    more = "  payments:\n    production: &e {platform: {kind: local, releases: r}}\n    test: *e\n"
    configuration = load_text(environment("depends_on: [payments]", more=more), tmp_path)
    assert configuration.target("payments", "production").settings.dependents == ("checkout",)
    assert configuration.target("payments", "test").settings.dependents == ()


def test_absent_keys_get_the_domain_defaults_and_an_unknown_database(tmp_path: Path) -> None:
    """An absent database key must stay unknown: as none it would show a false check mark."""
    target = one(environment(), tmp_path)
    assert target.settings.database is None
    assert target.settings.policy == Policy()
    assert target.settings.verification == Verification()
    assert target.settings.soak == 600
    assert target.metrics.kind == "probe"
    assert target.metrics.settings == ProbeSettings()
    assert target.channel is None


def test_a_declared_database_kind_is_kept(tmp_path: Path) -> None:
    """A database that exists must never read as none."""
    lines = (
        "database: {kind: postgresql, url: {env: DB_URL}, migrations: {tool: flyway, path: db/}}",
    )
    target = one(environment(*lines), tmp_path)
    assert target.settings.database == "postgresql"
    assert target.database is not None
    assert target.database.migrations_path == tmp_path / "db"
    assert target.database.look_within == 5.0
    assert isinstance(target.database.settings, PostgresqlSettings)


def test_the_keys_of_every_kind_and_those_of_one_kind_stand_side_by_side(tmp_path: Path) -> None:
    """Somebody's statements or role would be dropped in silence, and breakage not be found."""
    line = (
        "database: {kind: postgresql, role: app, url: {file: url}, statements: ['q/**/*.sql'], "
        "remembered: false, record_values: true, record_samples: 5}"
    )
    held = one(environment(line), tmp_path).database
    assert held is not None
    assert isinstance(held.settings, PostgresqlSettings)
    assert held.settings.role == "app"
    assert held.statements == (tmp_path / "q/**/*.sql",)
    assert (held.remembered, held.record_values, held.record_samples) == (False, True, 5)


def test_faults_in_both_halves_of_a_database_are_told_at_once(tmp_path: Path) -> None:
    """One run must name everything that is wrong."""
    line = "database: {kind: postgresql, rol: app, url: plain, record_samples: -1}"
    problems = problems_of(environment(line), tmp_path)
    assert [problem.key.rpartition(".")[2] for problem in problems] == [
        "database",
        "url",
        "record_samples",
    ]
    assert "role" in problems[0].remedy


def test_scalars_stay_text_until_the_model_types_them(tmp_path: Path) -> None:
    """A name 1.10 that becomes 1.1, or NO that becomes false, would be another service."""
    text = (
        "services:\n  '1.10': &s {no: &e {platform: {kind: local, releases: 010}}}\n"
        "  1.1: {NO: *e}\n  0x10: {on: *e}\n  2026-12-24: {1e3: *e}\n"
    )
    configuration = load_text(text, tmp_path)
    assert [str(held.settings.target) for held in configuration.targets] == [
        "1.10/no",
        "1.1/NO",
        "0x10/on",
        "2026-12-24/1e3",
    ]
    assert configuration.targets[0].platform.settings == LocalSettings(releases=tmp_path / "010")


@pytest.mark.parametrize(
    ("written", "risk"), [("none", None), ("low", Risk.LOW), ("medium", Risk.MEDIUM)]
)
def test_the_unattended_limit_is_read(written: str, risk: Risk | None, tmp_path: Path) -> None:
    """Reading the limit wrongly would roll production back unattended."""
    target = one(environment(f"approval: {{auto_approve_up_to: {written}}}"), tmp_path)
    assert target.settings.policy.auto_approve_up_to is risk


def test_accounts_are_mapped_to_people_and_strangers_stand_for_themselves(tmp_path: Path) -> None:
    """Quorum counts people: two accounts of one person must give one name, a stranger none."""
    configuration = load_text(FULL, tmp_path)
    for account in ("os:alice", "slack:U012AB3CD", "matrix:@alice:example.org"):
        assert configuration.identify(account) == Person(name="alice", account=account)
    assert configuration.identify("slack:alice") == Person(
        name="slack:alice", account="slack:alice"
    )
    assert configuration.people[1] == PersonEntry(name="bob", accounts=("os:bob",))


def test_an_account_itself_may_be_an_approver(tmp_path: Path) -> None:
    """Whoever is not in people is known by the account, and can be trusted under that name."""
    target = one(environment("approval: {approvers: ['os:root']}"), tmp_path)
    assert target.settings.policy.approvers == ("os:root",)


@pytest.mark.parametrize(
    ("service", "place", "near"),
    [("chekout", "production", "checkout"), ("checkout", "prod", "production")],
)
def test_an_unknown_target_names_the_nearest(
    service: str, place: str, near: str, tmp_path: Path
) -> None:
    """In an incident a typing mistake must be mended at a glance."""
    with pytest.raises(UnknownName) as caught:
        load_text(FULL, tmp_path).target(service, place)
    assert caught.value.nearest == (near,)
    assert near in str(caught.value)


def test_the_template_loads_and_shows_every_section(tmp_path: Path) -> None:
    """The first file a user sees must work as it stands, and uncommented too."""
    (target,) = load_text(TEMPLATE, tmp_path).targets
    assert target.settings.database == "none"
    assert len(target.settings.objectives) == 2
    assert TEMPLATE.startswith("# yaml-language-server: $schema=smartspec.schema.json\n")
    for key in (
        "platform",
        "database",
        "objectives",
        "verification",
        "metrics",
        "prewarm",
        "soak",
        "approval",
        "channel",
        "freeze",
        "depends_on",
        "people",
    ):
        assert f"{key}:" in TEMPLATE


def test_byte_order_mark_carriage_returns_and_aliases_are_fine(tmp_path: Path) -> None:
    """Files written on other systems must load."""
    text = FULL.replace("\n", "\r\n").encode("utf-8-sig")
    assert len(load_text(text, tmp_path).targets) == 2
