"""The commands as objects: what the help and the documentation are made from."""

from collections.abc import Iterator

import click
import pytest

from smartspec_rollback.cli.deployment import PHASES
from smartspec_rollback.cli.umbrella import COMMANDS, umbrella
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.errors import SmartSpecError

HELP = {name: text for section in COMMANDS.values() for name, text in section.items()}


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None, name
        yield from _leaves(below, f"{path} {name}")


LEAVES = dict(_leaves(umbrella, "smartspec"))


@pytest.mark.parametrize("name", HELP)
def test_table_says_what_the_command_says(name: str) -> None:
    """If this failed, the list of commands would promise something else than the command does."""
    command = umbrella.get_command(click.Context(umbrella), name)
    assert command is not None
    assert (command.help or "").partition("\n")[0] == HELP[name]


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_help_and_two_examples(path: str) -> None:
    """If this failed, somebody at 3 am would have to guess how a command is typed."""
    command = LEAVES[path]
    assert command.help
    text = f"{command.help}\n{command.epilog or ''}"
    assert text.count("  smartspec") + text.count('eval "$(smartspec') >= 2
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []


def test_phases_are_the_domains() -> None:
    """If this failed, a phase could be recorded that nobody knows, or not be recorded."""
    assert tuple(str(phase) for phase in Phase) == PHASES


def test_errors_have_codes_that_are_documented() -> None:
    """If this failed, an error would exit with a code that no script knows."""
    kinds = [SmartSpecError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.exit_code for kind in kinds if kind.__module__.endswith(".errors")} <= {
        *range(1, 8)
    }
