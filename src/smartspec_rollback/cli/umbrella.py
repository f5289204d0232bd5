"""The umbrella ``smartspec``: every command by its name.

Called by ``main``. The documentation's generator reads the same click objects: ``umbrella`` here,
and ``rollback`` and ``gate`` in their modules.
"""

import click

from smartspec_rollback.cli.lazy import LazyGroup
from smartspec_rollback.cli.options import SETTINGS, version_option

COMMANDS = {
    "In an incident": {
        "rollback": "Return a failed production deployment to a version known to be good.",
        "approve": "Approve a rollback that waits for it.",
        "deny": "Deny a rollback; before its first step a deny always wins.",
        "resume": "Go on with a rollback that was interrupted, or verify it again.",
        "abandon": "Give up a rollback that stopped in the middle, and free its service.",
        "show": "Print a rollback's plan again, byte for byte, or its report.",
        "history": "List the rollbacks, newest first.",
    },
    "Deployments": {
        "gate": "Judge a fresh deployment by its objectives, and record the verdict.",
        "deployment": "Record, list, show and mark deployments.",
        "schema": "Tell whether old code can work on a new database schema.",
        "readiness": "Say whether each live deployment could be gone back on, and how fast.",
        "hold": "List and release the holds on bad releases.",
        "local": "Run and deploy releases on this machine.",
    },
    "Setting up": {
        "init": "Write a commented smartspec.yaml and its schema for editors.",
        "serve": "Serve the API and the console, and carry rollbacks out.",
        "mcp": "Let an AI agent plan, explain, list and follow rollbacks.",
        "token": "Make, list and revoke the tokens that let people and machines in to a server.",
        "slack": "Set up the Slack app.",
        "worker": "Take over rollbacks whose process died, until told to stop.",
        "doctor": "Check that everything configured is reachable and allowed.",
        "audit": "Prove that the audit log is what was written.",
        "completion": "Print the script that completes these commands in your shell.",
        "demo": "Roll a bad release back on this machine, for real, under constant load.",
    },
}
"""Every command with its one line of help, by the section it is listed under."""


@click.group(
    cls=LazyGroup,
    sections=COMMANDS,
    package="smartspec_rollback.cli",
    context_settings=SETTINGS,
)
@version_option
def umbrella() -> None:
    """Return failed deployments to a version known to be good, and say whether that is safe."""
