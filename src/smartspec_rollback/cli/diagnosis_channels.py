"""What ``smartspec doctor`` says of the places where people are asked and told.

Called by ``diagnosis``. Nothing is posted: people would see it.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.messenger import Examines, Messenger
from smartspec_rollback.wiring import Workspace

Said = tuple[Outcome, str, str, str]
"""An outcome, what it is about, what is said, and what to do."""


def look(workspace: Workspace, target: Target) -> Iterator[Said]:
    """Try every place of a Target, as far as nobody notices."""
    about = f"{target} channel"
    configured = workspace.configured(target).channel
    for outlet in workspace.outlets(target):
        yield _tried(f"{target} {outlet.place}", outlet)
    for channel in workspace.posting(target):
        yield _not_tried(f"{about} {channel.name}")
    if workspace.surroundings.terminal() is not None:
        yield Outcome.PASSED, about, "this terminal can be asked at", ""
    elif configured is None or configured.kind == "terminal":
        said = "no terminal here; a rollback started like this has nobody to ask"
        yield Outcome.UNKNOWN, about, said, ""


def _tried(about: str, outlet: Messenger) -> Said:
    if not isinstance(outlet, Examines):
        return _not_tried(about)
    try:
        return Outcome.PASSED, about, f"posts as {outlet.examine()}", ""
    except SmartSpecError as error:
        where = f" ({error.where})" if error.where else ""
        return Outcome.BLOCKING, about, f"{error.what}{where}", error.remedy


def _not_tried(about: str) -> Said:
    return Outcome.UNKNOWN, about, "configured; not tried, people would see it", ""
