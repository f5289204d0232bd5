"""What is wrong in a file: each fault with its line, its key and what to do."""

import re
from pathlib import Path

import pytest
from tests.unit.config.fakes import FULL, KINDS, environment, load_text, only, problems_of

from smartspec_rollback.config.loader import load
from smartspec_rollback.errors import ConfigurationError


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("services:", "servces:"),
        ("platform:", "platfrom:"),
        ("instances:", "instance:"),
        ("database:", "databse:"),
        ("objectives:", "objectivs:"),
        ("at_most:", "at_mots:"),
        ("verification:", "verifcation:"),
        ("warm_up:", "warmup:"),
        ("status:", "staus:"),
        ("interval:", "intervall:"),
        ("prewarm:", "prewam:"),
        ("soak:", "soack:"),
        ("approval:", "aproval:"),
        ("quorum:", "quorom:"),
        ("channel:", "chanel:"),
        ("freeze:", "freze:"),
        ("reason:", "raeson:"),
        ("depends_on:", "depend_on:"),
        ("people:", "poeple:"),
        ("slack:", "slak:"),
    ],
)
def test_an_unknown_key_names_the_nearest_and_its_line(
    right: str, wrong: str, tmp_path: Path
) -> None:
    """A mistyped key that is ignored would silently switch a safeguard off."""
    text = FULL.replace(right, wrong, 1)
    line = text[: text.index(wrong)].count("\n") + 1
    found = [p for p in problems_of(text, tmp_path) if p.what == f"unknown key '{wrong[:-1]}'"]
    assert [p.line for p in found] == [line]
    assert found[0].remedy.startswith("did you mean ")
    assert right[:-1] in found[0].remedy


REFUSED = [
    ("prewarm: yes", "'yes' is not true or false"),
    ("prewarm: 'true'", "'true' stands in quotes"),
    ("prewarm:", "has no value; expected: true or false"),
    ("prewarm: [true]", "is a list; expected: true or false"),
    ("soak: 10", "'10' is not a duration"),
    ("soak: 10 m", "'10 m' is not a duration"),
    ("soak: -5s", "'-5s' is not a duration"),
    ("soak: 99999d", "'99999d' is longer than ten years"),
    ("verification: fast", "is a single value; expected: a mapping"),
    ("verification: {bake: 0s}", "must be more than 0s, not '0s'"),
    ("verification: {bake: 2h}", "the deadline is shorter than warm_up and bake together"),
    ("verification: {probes: [{path: healthz}]}", "'healthz' does not have the right form"),
    ("verification: {probes: [{path: /, status: 99}]}", "must be at least 100, not '99'"),
    ("verification: {probes: [{path: /, status: 2e2}]}", "'2e2' is not a whole number"),
    ("verification: {probes: [{path: /, status: 0200}]}", "'0200' is not a whole number"),
    ("verification: {probes: [{status: 200}]}", "the key 'path' is missing"),
    ("verification: {probes: {path: /}}", "is a mapping; expected: a list"),
    ("verification: {commands: ['']}", "is empty"),
    ('verification: {commands: ["a\\nb"]}', "holds a line break or a character that cannot"),
    ("database: nonee", "'nonee' is not one of: none"),
    ("database:", "has no value; expected: none or mapping"),
    ("database: {kind: None}", "to declare that there is no database, write `database: none`"),
    ("database: {url: {env: X}}", "the key 'kind' is missing"),
    ("database: {kind: oracle, url: {env: X}}", "unknown kind 'oracle' of databases"),
    ("database: {kind: postgresql}", "the key 'url' is missing"),
    ("database: {kind: postgresql, url: {env: X}, rol: app}", "unknown key 'rol'"),
    ("database: {kind: postgresql, url: {env: X}, statement: []}", "unknown key 'statement'"),
    (
        "database: {kind: postgresql, url: {env: X}, record_samples: 2000}",
        "must be at most 1000, not '2000'",
    ),
    ("database: {kind: postgresql, url: {env: X}, look_within: 0s}", "must be more than 0s"),
    (
        "database: {kind: postgresql, url: {env: X}, migrations: {tool: flyway}}",
        "the key 'path' is missing",
    ),
    (
        "database: {kind: postgresql, url: postgresql://u:p@h/d}",
        "a secret is not written here, only where it is kept",
    ),
    ("objectives: [p99 <= 200ms]", "'p99 <= 200ms' is not an objective"),
    ("objectives: [error rate <= 200ms]", "'error rate <= 200ms': a share is given in per cent"),
    ("objectives: [{query: p99 latency}]", "the key 'at_most' is missing"),
    ("objectives: [{query: p99, at_most: 1s}]", "'p99 <= 1s' is not an objective"),
    ("objectives: [[]]", "is a list; expected: objective or mapping"),
    (
        "objectives: [error rate <= 1%, error rate  <= 1%]",
        "a second objective called 'error rate <= 1%'",
    ),
    (
        "objectives: [{query: error rate, at_most: 1%, source: graphite}]",
        "'graphite' does not measure here; `metrics` is probe",
    ),
    ("approval: {auto_approve_up_to: high}", "a rollback of high risk always needs a person"),
    ("approval: {auto_approve_up_to: lo}", "'lo' is not one of: low, medium, none"),
    ("approval: {quorum: 0}", "must be at least 1, not '0'"),
    ("approval: {approvers: ['os:a'], quorum: 2}", "quorum is 2, but only 1 may approve"),
    ("approval: {approvers: ['os:a', 'os:a']}", "an approver is listed twice"),
    ("approval: {approvers: [alice]}", "no person 'alice' in `people`, so nobody could approve"),
    ("freeze: [{from: 2026-12-24, to: 2026-12-24, reason: x}]", "`to` must be after `from`"),
    ("freeze: [{from: 2026-13-24, to: 2027-01-01, reason: x}]", "no date in the calendar"),
    ("freeze: [{from: soon, to: 2027-01-01, reason: x}]", "'soon' is not a date or time"),
    ("freeze: [{from: 2026-12-24, reason: x}]", "the key 'to' is missing"),
    ("depends_on: [payment]", "no service 'payment' in this file"),
    ("depends_on: [checkout]", "a service does not depend on itself"),
    ("depends_on: [../etc]", "'../etc' cannot be a service"),
    ("channel: {kind: terminl}", "unknown kind 'terminl' of channels"),
    ("channel: terminal", "is a single value; expected: a mapping"),
    ("channel: {}", "the key 'kind' is missing"),
    ("channel: {kind: [terminal]}", "is a list; expected: one of terminal, webhook"),
    ("metrics: {kind: probe, interval: 1}", "'1' is not a duration"),
    ("<<: {prewarm: true}", "unknown key '<<'"),
    ("? [a]\n      : b", "a key that is no text"),
]


@pytest.mark.parametrize(("line", "what"), REFUSED)
def test_a_wrong_value_is_refused_in_its_line(line: str, what: str, tmp_path: Path) -> None:
    """Guessing what was meant would run production by a setting nobody wrote."""
    problem = only(environment(line), tmp_path)
    assert what in problem.what
    assert problem.line == 5
    assert problem.key.startswith("services.checkout.production")


@pytest.mark.parametrize(
    ("platform", "what"),
    [
        ("{kind: local}", "the key 'releases' is missing"),
        ("{kind: local, releases: ''}", "an empty path"),
        ("{kind: local, releases: ~/r}", "~ is not expanded here"),
        ("{kind: local, releases: r, instances: 65}", "must be at most 64, not '65'"),
        ("{kind: local, releases: r, instances: '3'}", "'3' stands in quotes"),
        ("{kind: local, releases: r, listen: here}", "'here' does not have the right form"),
        ("{kind: kubernetes}", "unknown kind 'kubernetes' of platforms"),
        ("{kind: odd, number: .inf}", "'.inf' is not a number"),
        ("{kind: odd, number: 1e999}", "'1e999' is too large"),
        ("{kind: odd, share: 1}", "must be less than 1, not '1'"),
        ("{kind: odd, step: 7}", "must be a multiple of 5, not '7'"),
        ("{kind: odd, names: []}", "is empty"),
        ("{kind: odd, names: [a, b, c, d]}", "has more than 3 entries"),
        ("{kind: odd, short: a}", "must have at least 2 characters"),
        ("{kind: odd, short: abcde}", "must have at most 4 characters, not 5"),
        ("{kind: odd, limits: {least: 20}}", r"most is below least\x1b[31m"),
        ("{kind: odd, limits: {leest: 2}}", "unknown key 'leest'"),
        ("{kind: odd, colour: blue}", "'blue' is not one of: red, green"),
        ("{kind: odd, mode: fats}", "'fats' is not one of: fast, slow"),
        ("{kind: odd, wait: 0ms}", "must be more than 0s, not '0ms'"),
        ("{kind: odd, either: []}", "is a list; expected: whole number or text"),
    ],
)
def test_a_providers_own_settings_are_as_strict(platform: str, what: str, tmp_path: Path) -> None:
    """Providers declare types and bounds; a setting outside them must not reach production."""
    problem = only(environment(platform=platform), tmp_path)
    assert what in problem.what
    assert problem.line == 4


def test_a_missing_key_comes_with_an_example(tmp_path: Path) -> None:
    """Whoever forgot a key must not have to look the documentation up."""
    problem = only("services:\n  checkout:\n    production:\n      prewarm: true\n", tmp_path)
    assert problem.what == "the key 'platform' is missing"
    assert problem.remedy == "for example `platform: {kind: local, releases: releases/}`"


def test_all_problems_are_named_at_once_in_order(tmp_path: Path) -> None:
    """One fault per run would cost an operator a run per fault."""
    text = environment(
        "prewarm: maybe",
        "soak: 5",
        "approval: {approvers: [carol], quorom: 2}",
        "depends_on: [nobody]",
        "objectives: [fast]",
        "bogus: 1",
        more="people:\n  alice: {os: a}\n"
        "  bob: {os: a}\n  '../x': {os: b}\n  'os:b': {os: c}\n  d: {}\n",
    )
    problems = problems_of(text, tmp_path)
    assert [p.line for p in problems] == [5, 6, 7, 7, 8, 9, 10, 13, 14, 15, 16]
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, tmp_path)
    assert "11 problem(s)" in str(caught.value)
    assert caught.value.exit_code == 2


def test_names_across_sections_are_checked_also_beside_other_faults(tmp_path: Path) -> None:
    """An approver nobody can act as must be told at once, with what was probably meant."""
    text = FULL.replace("approvers: [alice, bob]", "approvers: [alcie, 'os:bob']")
    text = text.replace("soak: 10m", "soak: 10")
    soak, unknown, account = problems_of(text, tmp_path)
    assert "not a duration" in soak.what
    assert (unknown.remedy, account.remedy) == ("did you mean alice?", "write bob")
    assert account.what == "'os:bob' is an account of 'bob'"


def test_one_account_of_two_people_is_refused(tmp_path: Path) -> None:
    """Otherwise one person could be counted as two, or act as somebody else."""
    problem = only(environment(more="people:\n  a: {os: x}\n  b: {slack: x, os: x}\n"), tmp_path)
    assert (problem.line, problem.key) == (7, "people.b.os")
    assert problem.what == "'x' is already an account of 'a'"


def test_a_person_cannot_be_named_like_an_account(tmp_path: Path) -> None:
    """A person called os:root would pass for the unmapped account os:root."""
    problem = only(environment(more="people:\n  'os:root': {slack: x}\n"), tmp_path)
    assert problem.what == "'os:root' cannot be a person"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 0, "the file is empty"),
        ("# nothing\n", 0, "the file is empty"),
        ("- a\n", 1, "the file is not a mapping"),
        ("services: {}\n", 1, "is empty"),
        ("services: {checkout: {}}\n", 1, "is empty"),
        ("services:\n", 1, "has no value"),
        ("people: {}\n", 1, "the key 'services' is missing"),
        ("services:\n  a: {b: 1}\n  a: {b: 1}\n", 3, "the key 'a' appears twice"),
        ("services:\n\tcheckout: 1\n", 2, "a tab"),
        ("a: 1\nb: \x07\n", 2, r"the control character '\x07'"),
        ("a: 1\n# \u202e gnp\n", 2, r"the control character '\u202e'"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "the YAML tag tag:yaml.org,2002:python"),
        ("a: [1\n", 2, "not YAML: "),
        ('a: "\\UFFFFFFFF"\n', 1, "not YAML: "),
        ("a: *b\n", 1, "not YAML: found undefined alias 'b'"),
        ("a: &a [*a]\n", 1, "an anchor that contains itself"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML: expected a single document"),
        ("a: " + "[" * 500, 1, "nested too deeply"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8 text"),
        (b"#" * (1024 * 1024 + 1), 0, "larger than 1048576 bytes"),
    ],
)
def test_a_broken_or_hostile_file_is_refused(
    text: str | bytes, line: int, what: str, tmp_path: Path
) -> None:
    """Such a file must neither be obeyed nor end in a traceback."""
    assert any(p.line == line and what in p.what for p in problems_of(text, tmp_path))


def test_a_billion_laughs_are_not_laughed(tmp_path: Path) -> None:
    """Few aliases can stand for more values than there is memory."""
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    problem = only(text, tmp_path)
    assert problem.what == "expands to more than 100000 values"


def test_hostile_text_is_shown_escaped_and_shortened(tmp_path: Path) -> None:
    """An error that prints raw escapes could rewrite the operator's terminal."""
    key = '"\\x1b[2J' + "k" * 300 + '"'
    text = environment(f"{key}: 1", 'depends_on: ["\\x1b]0;x"]', f"soak: {'9' * 3000}")
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, tmp_path)
    shown = str(caught.value)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert max(map(len, shown.splitlines())) < 400


def test_thousands_of_faults_are_counted_not_listed(tmp_path: Path) -> None:
    """A wrong file must give a page, not a flood."""
    problems = problems_of("".join(f"k{n}: 1\n" for n in range(3000)), tmp_path)
    assert len(problems) <= 101


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0"])
def test_a_path_that_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    """A wrong --config must be an error that says so."""
    with pytest.raises(ConfigurationError):
        load(tmp_path / name, kinds=KINDS)
