"""What of the old schema each statement gets to, through everything it sets in motion.

Called by ``case``. A statement names a few things; those name others: a view its tables, a table
its partitions, triggers, defaults and checks, a function whatever its body says. What a text names
is taken from its words, so rather too much counts as reached than too little. Triggers, defaults
and checks are reached by those alone who write.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property

from smartspec_rollback.domain.catalog import Catalog, DefinedType, Function, Relation
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.reading.words import words

_FOLLOWING = frozenset({"cascade", "set null", "set default"})
_TAIL = re.compile(r"(\[\]|\([^)]*\))+$")


class Kind(StrEnum):
    """How something is reached."""

    READ = "read"
    WRITTEN = "written"
    FUNCTION = "function"
    TYPE = "type"
    SEQUENCE = "sequence"


Node = tuple[Kind, str]
"""How, and what: a relation's, type's or sequence's qualified name, a function's signature."""


class Reach:
    """Which statements get to which objects of one catalog."""

    def __init__(self, catalog: Catalog, statements: Iterable[Statement]) -> None:
        """Take what is to be looked through; nothing is, before it is asked for."""
        self._catalog = catalog
        self._statements = tuple(statements)
        self._closures: dict[Node, frozenset[Node]] = {}

    def statements(self, *nodes: Node) -> tuple[Statement, ...]:
        """List the statements that get to one of ``nodes``, each once, in order."""
        wanted = frozenset(nodes)
        return tuple(s for s in self._statements if wanted & self._reached[s.id])

    def to_relation(self, qualified: str) -> tuple[Statement, ...]:
        """List the statements that read or write a relation, whatever it goes through."""
        return self.statements((Kind.READ, qualified), (Kind.WRITTEN, qualified))

    @cached_property
    def everything(self) -> frozenset[Node]:
        """All that any statement gets to."""
        return frozenset().union(*self._reached.values())

    @cached_property
    def _reached(self) -> Mapping[str, frozenset[Node]]:
        return {
            statement.id: frozenset().union(*map(self._closure, self._named(statement)))
            for statement in self._statements
        }

    def _closure(self, start: Node) -> frozenset[Node]:
        if (known := self._closures.get(start)) is not None:
            return known
        found = {start}
        waiting = [start]
        while waiting:
            for node in self._next(waiting.pop()):
                if node not in found:
                    found.add(node)
                    waiting.append(node)
        return self._closures.setdefault(start, frozenset(found))

    def _named(self, statement: Statement) -> Iterator[Node]:
        """List what a statement itself names."""
        if statement.uses is None:
            yield from self._mentioned(statement.text)
            return
        for use in statement.uses:
            yield (Kind.WRITTEN if use.writes else Kind.READ), use.relation
        for call in statement.functions:
            bare = call.name.replace('"', "").rpartition(".")[2].lower()
            yield from (node for node in self._by_name.get(bare, ()) if node[0] is Kind.FUNCTION)
        for name in statement.types:
            yield from self._of_type(name)
        # Sequences stand in strings, which nobody resolves.
        yield from (n for n in self._mentioned(statement.text) if n[0] is Kind.SEQUENCE)

    def _next(self, node: Node) -> Iterator[Node]:
        kind, name = node
        match kind:
            case Kind.READ | Kind.WRITTEN:
                if (relation := self._relations.get(name)) is not None:
                    yield from self._of_relation(relation, kind)
            case Kind.FUNCTION:
                yield from self._mentioned(self._functions[name].definition)
                for each in (*self._functions[name].arguments, self._functions[name].returns):
                    yield from self._of_type(each)
            case Kind.TYPE:
                yield from self._within(self._types[name])
            case Kind.SEQUENCE:
                pass

    def _of_relation(self, relation: Relation, kind: Kind) -> Iterator[Node]:
        """List what reading or writing a relation gets to."""
        for child in self._children.get(relation.qualified, ()):
            yield kind, child
        for column in relation.columns:
            yield from self._of_type(column.type)
        for policy in relation.policies:
            yield from self._read(policy.using)
        for each, named in self._mentioned(relation.definition):
            yield (kind if each is Kind.WRITTEN else each), named
        if kind is Kind.WRITTEN:
            yield Kind.READ, relation.qualified
            yield from self._when_written(relation)

    def _when_written(self, relation: Relation) -> Iterator[Node]:
        for trigger in relation.triggers:
            if trigger.enabled:
                yield from self._firing.get(trigger.function or "", ())
        for text in (
            *(column.default for column in relation.columns),
            *(column.generated for column in relation.columns),
            *(c.predicate or c.definition for c in relation.constraints),
            *(policy.check for policy in relation.policies),
            *(index.definition for index in relation.indexes if "(" in "".join(index.columns)),
            *(index.predicate for index in relation.indexes),
        ):
            yield from self._read(text)
        for text in relation.rules:
            yield from self._mentioned(text)
        yield from self._numbering.get(relation.qualified, ())
        for referring in self._followers.get(relation.qualified, ()):
            yield Kind.WRITTEN, referring

    def _within(self, kind: DefinedType) -> Iterator[Node]:
        for attribute in kind.attributes:
            yield from self._of_type(attribute.type)
        if kind.base is not None:
            yield from self._of_type(kind.base)
        for text in (*kind.checks, kind.default):
            yield from self._mentioned(text)

    def _of_type(self, spelled: str) -> Iterator[Node]:
        bare = _TAIL.sub("", spelled.replace('"', "")).rpartition(".")[2].lower()
        yield from (node for node in self._by_name.get(bare, ()) if node[0] is Kind.TYPE)

    def _mentioned(self, text: str | None) -> Iterator[Node]:
        """List everything a text may mean; what it does to relations is not known."""
        if text:
            said = words(text)
            for name in said & self._by_name.keys():
                yield from self._by_name[name]
            lower = text.lower()
            for name in self._odd:
                if name in lower:
                    yield from self._by_name[name]

    def _read(self, text: str | None) -> Iterator[Node]:
        """List everything an expression may mean, which reads whatever relation it names."""
        for kind, name in self._mentioned(text):
            yield (Kind.READ if kind is Kind.WRITTEN else kind), name

    @cached_property
    def _relations(self) -> Mapping[str, Relation]:
        return {each.qualified: each for each in self._catalog.relations}

    @cached_property
    def _functions(self) -> Mapping[str, Function]:
        return {each.signature: each for each in self._catalog.functions}

    @cached_property
    def _types(self) -> Mapping[str, DefinedType]:
        return {each.qualified: each for each in self._catalog.types}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Node, ...]]:
        """Everything there is by its bare name, in lower case; what extensions own apart."""
        catalog = self._catalog
        found: dict[str, list[Node]] = {}
        for kind, name, node in (
            *((Kind.WRITTEN, r.name, r.qualified) for r in catalog.relations),
            *((Kind.FUNCTION, f.name, f.signature) for f in catalog.functions if not f.extension),
            *((Kind.TYPE, t.name, t.qualified) for t in catalog.types if not t.extension),
            *((Kind.SEQUENCE, s.name, s.qualified) for s in catalog.sequences),
        ):
            found.setdefault(name.lower(), []).append((kind, node))
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def _firing(self) -> Mapping[str, tuple[Node, ...]]:
        """The functions by their names without arguments, as triggers name theirs."""
        found: dict[str, list[Node]] = {}
        for function in self._catalog.functions:
            found.setdefault(function.qualified, []).append((Kind.FUNCTION, function.signature))
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def _numbering(self) -> Mapping[str, tuple[Node, ...]]:
        """The sequences by the tables whose columns own them."""
        found: dict[str, list[Node]] = {}
        for sequence in self._catalog.sequences:
            owner = (sequence.owned_by or "").rpartition(".")[0]
            found.setdefault(owner, []).append((Kind.SEQUENCE, sequence.qualified))
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def _odd(self) -> tuple[str, ...]:
        """Names that are no single word: they are looked for letter by letter."""
        return tuple(name for name in self._by_name if words(name) != {name})

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for relation in self._catalog.relations:
            for parent in parents(relation):
                found.setdefault(parent, []).append(relation.qualified)
        return {name: tuple(each) for name, each in found.items()}

    @cached_property
    def _followers(self) -> Mapping[str, tuple[str, ...]]:
        """The tables whose rows change when those of another go, by that other."""
        found: dict[str, list[str]] = {}
        for relation in self._catalog.relations:
            for constraint in relation.constraints:
                if constraint.references is not None and constraint.on_delete in _FOLLOWING:
                    found.setdefault(constraint.references, []).append(relation.qualified)
        return {name: tuple(each) for name, each in found.items()}


def parents(relation: Relation) -> tuple[str, ...]:
    """Name the relations that have a relation's rows too: what it is a part or a child of."""
    return (*((relation.partition_of,) if relation.partition_of else ()), *relation.inherits)
