"""The reference pages say what the code does."""

import re
from pathlib import Path

import pytest
from docs.writing import pages as generate
from docs.writing import shapes, usage
from tests.docs.pages import ROOT

from smartspec_rollback.checks import ALL as CHECKS
from smartspec_rollback.config.reference import settings_reference
from smartspec_rollback.domain.rollback import EXIT, NEXT, Status
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.providers import registry
from smartspec_rollback.schema import codes
from smartspec_rollback.views import comparisons, reversals

SOURCE = ROOT / "src" / "smartspec_rollback"
PAGES = generate.pages()


def page(name: str) -> str:
    """Read a committed reference page."""
    return (generate.FOLDER / name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_committed_page_is_what_the_code_says(name: str) -> None:
    """The reference describes another release than this one; `make docs` writes it anew."""
    assert page(name) == PAGES[name]


@pytest.mark.parametrize(("program", "text"), list(usage.ready_help()))
def test_ready_help_is_what_the_command_says(program: str, text: str) -> None:
    """`--help` promises other options than there are; `make docs` writes it anew."""
    assert (SOURCE / "cli" / "ready_help" / f"{program}.txt").read_text("utf-8") == text


def test_every_setting_is_documented() -> None:
    """A setting that nobody can find is one that nobody uses, or uses wrongly."""
    settings = settings_reference(registry)
    assert len(settings) > 30
    for setting in settings:
        assert f"## `{setting.key}`" in page("settings.md")
        assert setting.description, setting.key


def test_every_check_is_documented() -> None:
    """A plan names a check that the reference does not explain."""
    for check in CHECKS:
        assert f"## {check.NAME}\n" in page("checks.md")
        assert check.BLOCKS_WHEN in page("checks.md")


def test_every_command_is_documented() -> None:
    """A command or an option of it is missing from the reference."""
    shown = page("commands.md")
    for name, command in usage.commands():
        assert f"## `{name}`\n" in shown
        for parameter in command.params:
            assert parameter.opts[0].startswith("-") is False or f"`{parameter.opts[0]}`" in shown


def test_every_exit_code_is_documented() -> None:
    """A script gets a code that nobody explained."""
    of_errors = {each.exit_code for each in usage.error_classes()}
    assert set(usage.EXIT_CODES) == {*EXIT.values(), *of_errors}
    verdicts = (SOURCE / "cli" / "gate.py").read_text("utf-8")
    of_gate = {int(code) for code in re.findall(r"VerdictOutcome\.\w+: (\d)", verdicts)}
    assert of_gate | {2, 4} == set(usage.GATE_CODES)


def test_every_exit_code_of_the_schema_commands_is_documented() -> None:
    """A pipeline lets a breaking migration through, since a code means something else here."""
    assert set(comparisons.EXIT_CODES.values()) | {2, 4} == set(usage.COMPARE_CODES)
    assert set(reversals.EXIT_CODES.values()) | {2, 4} == set(usage.REVERSAL_CODES)
    for verdicts, listed in (
        (comparisons.EXIT_CODES, usage.COMPARE_CODES),
        (reversals.EXIT_CODES, usage.REVERSAL_CODES),
    ):
        for verdict, code in verdicts.items():
            assert str(verdict) in listed[code].lower()
            assert f"| {code} | {listed[code]} |" in page("exit-codes.md")


def test_every_code_of_a_schema_change_is_documented() -> None:
    """A finding carries a code, and nobody wrote down what that means."""
    shown = page("schema-codes.md")
    assert {code.row for code in codes.ALL} == set(range(1, 50))
    for code in (*codes.ALL, *codes.BESIDE):
        (line,) = re.findall(rf"^\| .* \| `{code.name}` \| .*$", shown, re.MULTILINE)
        assert line.startswith(f"| {code.row or '-'} |")
        for said in (code.title, code.old_code, code.reversing):
            assert said in line


def test_every_error_is_in_the_drawing() -> None:
    """An error class was added and the drawn hierarchy does not know it."""
    drawing = page("exit-codes.md").partition("```text")[2].partition("```")[0]
    for each in usage.error_classes():
        assert each.__name__ in drawing


def test_every_status_is_documented() -> None:
    """A status that people see is missing from the table of what may follow."""
    for status in Status:
        assert f"| `{status}` | {EXIT[status]} |" in page("statuses.md")
        assert all(f"`{after}`" in page("statuses.md") for after in NEXT[status])


def test_every_json_document_is_documented() -> None:
    """A pipeline reads a document whose fields nobody wrote down."""
    printed = {
        schema
        for file in sorted((SOURCE / "cli").glob("*.py"))
        for schema in re.findall(r'document\(\s*"(smartspec\.[\w-]+/\d+)"', file.read_text("utf-8"))
    }
    assert printed == set(shapes.SMALL)
    for schema, _ in shapes.documents():
        assert f"## {schema}\n" in page("json.md")


def test_the_recorded_schema_is_documented() -> None:
    """Somebody keeps snapshots of schemas for years, and cannot tell what is in them."""
    ((name, kind),) = shapes.kept()
    assert kind is SchemaSnapshot
    shown = page("json.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
    for field in SchemaSnapshot.__struct_fields__:
        assert f"| `{field}` |" in shown


def test_every_key_of_release_yaml_is_documented() -> None:
    """A key of release.yaml that nobody explained."""
    assert set(shapes.release_keys()) == set(shapes.RELEASE_KEYS)


def test_every_environment_variable_is_documented() -> None:
    """Something is read from or put into the environment, and nobody said so."""
    used = {
        name
        for file in python_files(SOURCE)
        for name in re.findall(r"\bSMARTSPEC_[A-Z_]+[A-Z]\b", file.read_text("utf-8"))
        if "testing" not in file.parts
    }
    shown = page("environment.md")
    assert used
    for name in used:
        assert f"`{name}`" in shown


def python_files(folder: Path) -> list[Path]:
    """List the modules of a folder."""
    return sorted(folder.rglob("*.py"))
