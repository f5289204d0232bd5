"""The pages about settings, checks, statuses and the codes of schema changes."""

from collections.abc import Iterable

from docs.writing.markdown import code, table
from smartspec_rollback.checks import ALL as CHECKS
from smartspec_rollback.config.reference import settings_reference
from smartspec_rollback.domain.rollback import ACTIVE, EXIT, NEXT, Status
from smartspec_rollback.providers import registry
from smartspec_rollback.schema import codes


def settings_page() -> str:
    """Write every setting of smartspec.yaml, with the keys of every installed kind."""
    text = (
        "# Settings of smartspec.yaml\n\n"
        "`smartspec.yaml` is looked for in the working directory and the folders above it; "
        "`--config PATH` names another one. Unknown keys are errors. Names you choose stand in "
        "angle brackets, list items end in `[]`, and the keys of one kind of provider follow that "
        "kind in parentheses. Relative paths start at the folder of `smartspec.yaml`.\n\n"
        "Durations have units: `500ms`, `10s`, `1m30s`, `15m`, `2h`, `1d`. Secrets are references: "
        "`{env: NAME}` or `{file: path}`.\n"
    )
    for setting in settings_reference(registry):
        text += f"\n## `{setting.key}`\n\n{setting.description}\n\n"
        text += f"- Type: {setting.type}\n"
        required = setting.default in ("required", "not set")
        text += f"- Default: {setting.default if required else code(setting.default)}\n"
        if setting.example:
            text += f"- Example: `{setting.example}`\n"
    return text


def checks_page() -> str:
    """Write every safety check: what it looks at, and when it blocks."""
    text = (
        "# Safety checks\n\n"
        "Every plan shows every check: schema and data first, then those that did not pass, then "
        "the others by number. The numbers are those of the list that "
        "[Safety checks and risk](../explanation/safety-checks-and-risk.md) explains. `--override` "
        "takes the name.\n\n"
    )
    text += table(
        ("Number", "Name", "Question"),
        ((str(each.NUMBER), f"[`{each.NAME}`](#{each.NAME})", each.TITLE) for each in CHECKS),
    )
    for each in sorted(CHECKS, key=lambda check: check.NUMBER):
        text += (
            f"\n## {each.NAME}\n\n**{each.TITLE}** (number {each.NUMBER})\n\n"
            f"- Looks at: {each.LOOKS_AT}\n- Blocks when: {each.BLOCKS_WHEN}\n"
        )
    return text


def statuses_page() -> str:
    """Write the table of statuses, and draw it."""
    arrows = "".join(
        f"    {_node(before)} --> {_node(after)}\n"
        for before in Status
        for after in Status
        if after in NEXT[before]
    )
    return (
        "# Statuses of a rollback\n\n"
        "`smartspec history` and `smartspec show` name them. The store refuses every change that "
        "is not in this table.\n\n"
        + table(
            ("Status", "Exit code", "Holds the Target", "May become"),
            (
                (
                    f"`{status}`",
                    str(EXIT[status]),
                    "yes" if status in ACTIVE else "no",
                    ", ".join(f"`{each}`" for each in Status if each in NEXT[status])
                    or "nothing: it is closed",
                )
                for status in Status
            ),
        )
        + "\nAt most one rollback of a Target is in a status that holds it. `executing` becomes "
        "`refused`, `stale`, `cancelled` or `failed` only if it is certain that nothing was "
        "applied.\n\n"
        f"```mermaid\nstateDiagram-v2\n    [*] --> {_node(Status.PLANNED)}\n{arrows}```\n"
    )


def schema_codes_page() -> str:
    """Write every code that a finding of a schema comparison can carry."""
    return (
        "# Codes of schema changes\n\n"
        "Every finding of [`smartspec schema compare`](commands.md#smartspec-schema-compare), and "
        "so of the check [`schema-compatible`](checks.md#schema-compatible), carries one of these "
        "codes. A code never changes its meaning and is never used again. *Old version* is the one "
        "that would come back; *reversing* is undoing the change.\n\n"
        "What a code usually means stands here; the verdict of a finding may differ, because it "
        "goes by the old version's own statements and by the rows that are there. "
        "[Database safety](../explanation/database-safety.md) explains how.\n\n"
        "## Changes\n\n" + _codes(codes.ALL) + "\n## Beside the changes\n\n"
        "These say that no row above speaks, and why.\n\n" + _codes(codes.BESIDE)
    )


def _codes(listed: Iterable[codes.Code]) -> str:
    return table(
        ("Row", "Code", "What happened", "For the old version", "Reversing loses"),
        (
            (str(each.row or ""), f"`{each.name}`", each.title, each.old_code, each.reversing)
            for each in listed
        ),
    )


def _node(status: Status) -> str:
    return str(status).replace("-", "_")
