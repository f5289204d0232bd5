"""The pages about commands and exit codes."""

import inspect
from collections.abc import Iterator, Mapping

import click

from docs.writing.markdown import first_line, table
from smartspec_rollback import errors
from smartspec_rollback.cli.gate import gate
from smartspec_rollback.cli.rollback import rollback
from smartspec_rollback.cli.umbrella import umbrella
from smartspec_rollback.domain.rollback import EXIT, Status

COMMON = ("--config", "--format", "--quiet", "--verbose")
"""Options that mean the same wherever they are; they are explained once."""

_HEAD = ("Option or argument", "Value", "Meaning")

EXIT_CODES: Mapping[int, str] = {
    0: "Rolled back and verified stable; or a dry run that may proceed; or it was already "
    "rolled back.",
    1: "Unexpected internal error (a bug). What was done to production is in the journal.",
    2: "Usage or configuration error. Nothing was changed.",
    3: "Refused: a blocking finding; approval denied, expired or missing; a stale plan; another "
    "rollback or deployment running. Nothing was changed.",
    4: "A provider or the ledger failed before anything was changed.",
    5: "Partially applied. The journal and the report say which steps.",
    6: "Outcome unknown. A person must look; the report says at what.",
    7: "Applied, but not verified stable: the verification failed or was inconclusive.",
}
"""What each exit code of ``smartspec_rollback`` tells a script."""

GATE_CODES: Mapping[int, str] = {
    0: "Pass.",
    1: "Fail. Said only after a Verdict was recorded.",
    2: "Usage or configuration error.",
    3: "Inconclusive: there was not enough evidence to say pass or fail.",
    4: "Internal, provider or ledger error. Nothing is known about the deployment.",
}
"""What each exit code of ``smartspec_quality_gate`` tells a script."""

COMPARE_CODES: Mapping[int, str] = {
    0: "Safe: there is evidence that the old version can work on the new schema.",
    1: "Breaking: it cannot. The findings say which statement fails, and why.",
    2: "Usage error: a file, a URL or an option is wrong.",
    3: "Attention or unknown: a person must look. `verdict` in the JSON document says which.",
    4: "Internal or provider error. Nothing is known about the schema.",
}
"""What each exit code of ``smartspec schema compare`` tells a script."""

REVERSAL_CODES: Mapping[int, str] = {
    0: "Lossless: everything that was written came back, and so did the schema.",
    1: "Loses: rows or values would be gone, or that could not be ruled out.",
    2: "Usage error: a script cannot be read, or does not run on the schema before.",
    3: "Fails: the reversal fails, or does not restore the schema.",
    4: "Internal or provider error. Nothing is known about the reversal.",
}
"""What each exit code of ``smartspec schema reversal`` tells a script."""

READINESS_CODES: Mapping[int, str] = {
    0: "Every live deployment could be gone back on, as far as can be told beforehand.",
    2: "Usage or configuration error.",
    3: "At least one could not: a check blocks, or there is no version to go back to.",
    4: "None is known to be unable, but at least one could not be told (a provider or the ledger "
    "failed, or a check could not be made); or nothing is live at all.",
}
"""What each exit code of ``smartspec readiness`` tells a script."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Name every command there is, as people type it; each once, under its shortest name."""
    yield "smartspec_rollback", rollback
    yield "smartspec_quality_gate", gate
    yield from _below("smartspec", umbrella)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = _context(command, name)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found not in (None, rollback, gate) and not found.hidden:
                yield from _below(f"{name} {child}", found)


def commands_page() -> str:
    """Write every command: usage, help, examples and options."""
    common = {name: p for p in rollback.params if (name := p.opts[0]) in COMMON}
    context = _context(rollback, "smartspec_rollback")
    text = (
        "# Commands\n\n"
        "`smartspec rollback` and `smartspec gate` are the same two programs as "
        "`smartspec_rollback` and `smartspec_quality_gate`. Every command has `--help`.\n\n"
        "## Options that many commands have\n\n"
        + table(_HEAD, (_parameter(common[name], context) for name in COMMON))
    )
    for name, command in commands():
        context = _context(command, name)
        usage = " ".join((name, *command.collect_usage_pieces(context)))
        text += f"\n## `{name}`\n\n```text\n{usage}\n```\n\n{_help(command)}\n"
        own = [p for p in command.params if p.opts[0] not in COMMON]
        if own:
            text += "\n" + table(_HEAD, (_parameter(p, context) for p in own))
        shared = [p.opts[0] for p in command.params if p.opts[0] in COMMON]
        if shared:
            text += f"\nAlso {', '.join(f'`{each}`' for each in shared)}.\n"
    return text


def _help(command: click.Command) -> str:
    """Turn click's help into Markdown: paragraphs it must not rewrap become code."""
    whole = f"{inspect.cleandoc(command.help or '')}\n\n{command.epilog or ''}".strip()
    return "\n\n".join(
        "```text\n" + inspect.cleandoc(each.replace("\b", "").strip("\n")) + "\n```"
        if "\b" in each
        else each
        for each in whole.split("\n\n")
    )


def _parameter(parameter: click.Parameter, context: click.Context) -> tuple[str, str, str]:
    is_option = isinstance(parameter, click.Option)
    names = parameter.opts if is_option else (parameter.metavar or (parameter.name or "").upper(),)
    meaning = [str(getattr(parameter, "help", None) or "")]
    default = parameter.get_default(context)
    is_flag = bool(getattr(parameter, "is_flag", False))
    if isinstance(default, str | int | float) and not is_flag:
        shown_default = f"{default:g}" if isinstance(default, float) else default
        meaning.append(f"Default: `{shown_default}`.")
    if parameter.required:
        meaning.append("Required.")
    shown = ", ".join(f"`{name}`" for name in names)
    return shown, "" if is_flag else _value(parameter), " ".join(filter(None, meaning))


def _value(parameter: click.Parameter) -> str:
    match parameter.type:
        case click.Choice(choices=choices):
            return ", ".join(f"`{choice}`" for choice in choices)
        case click.IntRange(min=least, max=most):
            return f"{least} to {most}"
        case kind:
            return parameter.metavar or kind.name.upper()


def _context(command: click.Command, name: str) -> click.Context:
    """Make the context a program runs its command in, on a terminal of the usual width."""
    return click.Context(
        command, info_name=name, terminal_width=80, help_option_names=["-h", "--help"]
    )


def ready_help() -> Iterator[tuple[str, str]]:
    """Write what each program prints for a plain ``--help`` at the usual width of 80."""
    for name, command in (
        ("smartspec", umbrella),
        ("smartspec_rollback", rollback),
        ("smartspec_quality_gate", gate),
    ):
        yield name, f"{command.get_help(_context(command, name))}\n"


def _meanings(codes: Mapping[int, str]) -> str:
    return table(("Code", "Meaning"), ((str(code), text) for code, text in codes.items()))


def error_classes() -> Iterator[type[errors.SmartSpecError]]:
    """List the hierarchy, each class before those below it."""
    waiting: list[type[errors.SmartSpecError]] = [errors.SmartSpecError]
    while waiting:
        found = waiting.pop(0)
        yield found
        own = [c for c in found.__subclasses__() if c.__module__ == errors.__name__]
        waiting = [*own, *waiting]


def exit_codes_page() -> str:
    """Write the exit codes of every command that judges, and the errors behind them."""
    by_code = {
        code: ", ".join(f"`{status}`" for status in Status if EXIT[status] == code)
        for code in EXIT_CODES
    }
    hierarchy = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2].partition("\n\n")[2]
    return (
        "# Exit codes\n\n"
        "The code tells a script whether production was touched: 0 and 5 to 7 after it was, or "
        "may have been; 2, 3 and 4 never. 0 also ends a dry run, which touches nothing.\n\n"
        "## `smartspec_rollback`\n\n"
        + table(
            ("Code", "Meaning", "The rollback's status"),
            ((str(code), text, by_code[code]) for code, text in EXIT_CODES.items()),
        )
        + "\nA rollback that is over is left in one of these "
        "[statuses](statuses.md). Without a rollback (an unknown id, say) the error decides.\n\n"
        "## `smartspec_quality_gate`\n\n"
        + _meanings(GATE_CODES)
        + "\n## `smartspec schema compare`\n\n"
        + _meanings(COMPARE_CODES)
        + "\n## `smartspec schema reversal`\n\n"
        + _meanings(REVERSAL_CODES)
        + "\n## `smartspec readiness`\n\n"
        + _meanings(READINESS_CODES)
        + "\n## Other commands\n\n"
        "0 if it was done, 130 if it was interrupted by Ctrl-C, otherwise the error's code below. "
        "`smartspec resume` exits like `smartspec_rollback`. `smartspec audit verify` exits 4 if "
        "the log was changed, and `smartspec doctor` exits 4 if something does not work.\n"
        "\n## Errors\n\n"
        "Every error belongs to one hierarchy; the number is its exit code. `--format json` prints "
        "an error as [`smartspec.error/1`](json.md), with its name in `error`.\n\n"
        f"```text\n{hierarchy.rstrip()}\n```\n\n"
        + table(
            ("Error", "Code", "Says"),
            (
                (f"`{each.__name__}`", str(each.exit_code), first_line(each))
                for each in error_classes()
            ),
        )
    )
