"""``smartspec completion``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, talks
from smartspec_rollback.cli.session import Session

PROGRAMS = ("smartspec", "smartspec_rollback", "smartspec_quality_gate")


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        'eval "$(smartspec completion bash)"    # in ~/.bashrc',
        "smartspec completion fish > ~/.config/fish/completions/smartspec.fish",
    ),
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@talks
@pass_session
def completion(session: Session, shell: str) -> int:
    """Print the script that completes these commands in your shell.

    It completes smartspec, smartspec_rollback and smartspec_quality_gate.
    """
    from click.shell_completion import get_completion_class

    from smartspec_rollback.cli.documents import document
    from smartspec_rollback.errors import UsageError

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"{shell} cannot be completed", remedy="use bash, zsh or fish")
    script = "\n".join(
        kind(completion, {}, program, f"_{program.upper()}_COMPLETE").source()
        for program in PROGRAMS
    )
    if session.output.as_json:
        session.output.document(document("smartspec.completion/1", shell=shell, script=script))
    else:
        session.output.result(f"{script}\n")
    return 0
