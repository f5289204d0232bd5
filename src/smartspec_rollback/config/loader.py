"""Loads smartspec.yaml, strictly: one run names everything that is wrong. Called by wiring.

It knows providers only by the types of their settings, which wiring hands in as Kinds.
"""

from pathlib import Path

from msgspec import inspect as inspection

from smartspec_rollback.config.build import build_people, build_server, build_targets
from smartspec_rollback.config.crosscheck import crosscheck
from smartspec_rollback.config.decode import Decoder
from smartspec_rollback.config.document import read_document
from smartspec_rollback.config.model import Configuration, Kinds
from smartspec_rollback.config.nodes import Spot
from smartspec_rollback.config.problems import Problems, harmless
from smartspec_rollback.config.sections import Document
from smartspec_rollback.errors import ConfigurationError, Problem


def load(path: Path, *, kinds: Kinds) -> Configuration:
    """Load ``path``; a ConfigurationError holds every problem with its line and key."""
    path = path.absolute()
    problems = Problems(harmless(str(path)))
    node = read_document(path, problems)
    decoder = Decoder(path, kinds=kinds, problems=problems)
    document: object = None
    if node is not None:
        root = Spot(node, (), node.start_mark.line + 1)
        document = decoder.decode(root, inspection.type_info(Document))
        crosscheck(decoder, problems)
    problems.raise_if_any()
    if not isinstance(document, Document):
        raise ConfigurationError(problems.file, [Problem(0, "", "cannot be read")])
    return Configuration(
        path=path,
        targets=tuple(build_targets(document)),
        people=tuple(build_people(document)),
        server=build_server(document.server),
    )
