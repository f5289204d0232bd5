"""One comparison's facts, as the rules look at them.

Made by ``compare``; handed to every rule. A rule that needs to know something of the rows asks
``ask``: in the first pass that only notes the question, in the second it has the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Function, Relation
from smartspec_rollback.domain.comparison import Coverage, SchemaVerdict
from smartspec_rollback.domain.migration import Effect
from smartspec_rollback.domain.schema_record import Answer, Question, SchemaSnapshot
from smartspec_rollback.domain.workload import ColumnProfile, Run, Statement, Trial, Use
from smartspec_rollback.schema.matching import Matching, match
from smartspec_rollback.schema.profiled import answered
from smartspec_rollback.schema.reach import Kind, Reach, parents
from smartspec_rollback.schema.reading.words import words

ENOUGH = 0.9
"""The share of the workload that must be known before silence means "not used"."""


@dataclass(frozen=True)
class Case:
    """Everything known of the old code and the two schemas.

    ``trials`` are those on the new schema, by statement id; ``runs`` likewise. ``missing`` are
    objects a scratch copy of the new schema lacks, so that failures naming them prove nothing.
    ``profiles`` are of the new schema's columns, by relation and column.
    """

    before: SchemaSnapshot
    after: Catalog
    statements: tuple[Statement, ...]
    coverage: Coverage
    trials: Mapping[str, Trial] = field(default_factory=dict)
    runs: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    answers: Mapping[Question, Answer] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    profiles: Mapping[tuple[str, str], ColumnProfile] = field(default_factory=dict)
    same_database: bool = False
    asked: dict[Question, None] = field(default_factory=dict)

    def ask(self, question: Question) -> Answer | None:
        """Return the answer to a question about the rows; None where there is none (yet)."""
        self.asked[question] = None
        answer = self.answers.get(question)
        if answer is None or answer.rows is None:
            answer = answered(question, self.profiles)
        return answer

    @property
    def enough(self) -> bool:
        """Whether so much of the workload is known that what no statement uses is unused."""
        return self.coverage.share >= ENOUGH

    @property
    def unused(self) -> SchemaVerdict:
        """What to say of a change that no known statement is touched by."""
        return SchemaVerdict.SAFE if self.enough else SchemaVerdict.UNKNOWN

    @cached_property
    def old(self) -> Mapping[str, Relation]:
        """The old schema's relations by qualified name."""
        return self.before.catalog.relations_by_name

    @cached_property
    def new(self) -> Mapping[str, Relation]:
        """The new schema's relations by qualified name."""
        return self.after.relations_by_name

    def pairs(self) -> Iterator[tuple[Relation, Relation]]:
        """Go through the relations that both schemas have under the same name."""
        for name, old in self.old.items():
            if (new := self.new.get(name)) is not None:
                yield old, new

    @cached_property
    def matching(self) -> Matching:
        """Which table became which."""
        return match(self.old, self.new)

    @cached_property
    def views_over(self) -> Mapping[str, tuple[Relation, ...]]:
        """The old schema's views by the relations they reach, through other views too.

        A view reaches what its definition names, so this is rather too many than too few.
        """
        return views_over(self.before.catalog)

    @cached_property
    def hidden(self) -> tuple[Statement, ...]:
        """The statements of which nobody knows what they touch."""
        return tuple(each for each in self.statements if each.uses is None)

    @cached_property
    def beside(self) -> Mapping[str, tuple[tuple[Statement, Use], ...]]:
        """The uses in whose statements a relation also stands, by that relation."""
        found: dict[str, list[tuple[Statement, Use]]] = {}
        for statement in self.statements:
            for use in statement.uses or ():
                for name in {*use.beside, *(relation for relation, _ in use.captures)}:
                    found.setdefault(name, []).append((statement, use))
        return {name: tuple(uses) for name, uses in found.items()}

    @cached_property
    def reach(self) -> Reach:
        """What of the old schema each statement gets to."""
        return Reach(self.before.catalog, self.statements)

    @cached_property
    def run(self) -> tuple[Function, ...]:
        """The old schema's functions that its statements run, whatever calls them."""
        return tuple(
            function
            for function in self.before.catalog.functions
            if function.extension is None
            and function.definition is not None
            and (Kind.FUNCTION, function.signature) in self.reach.everything
        )

    @cached_property
    def unchanged(self) -> frozenset[tuple[str, str | None]]:
        """The new schema's functions, by signature and definition."""
        return frozenset((each.signature, each.definition) for each in self.after.functions)

    @cached_property
    def _uses(self) -> Mapping[str, tuple[tuple[Statement, Use], ...]]:
        found: dict[str, list[tuple[Statement, Use]]] = {}
        for statement in self.statements:
            for use in statement.uses or ():
                found.setdefault(use.relation, []).append((statement, use))
        return {name: tuple(uses) for name, uses in found.items()}

    def uses(self, relation: str) -> tuple[tuple[Statement, Use], ...]:
        """List the statements that name a relation of the old schema, each with how."""
        return self._uses.get(relation, ())

    def touching(self, relation: Relation) -> tuple[tuple[Statement, Use], ...]:
        """List those that touch its rows too, by naming what it is a part or a child of.

        What is inserted into a parent never gets to its children.
        """
        found = list(self.uses(relation.qualified))
        for above in self.ancestors(relation):
            part = relation.partition_of is not None
            found += [
                (statement, use if part else replace(use, inserts=False, inserted=()))
                for statement, use in self.uses(above.qualified)
            ]
        return tuple(found)

    def ancestors(self, relation: Relation) -> tuple[Relation, ...]:
        """List the old relations that have a relation's rows too, through each other as well."""
        found: dict[str, Relation] = {}
        waiting = list(parents(relation))
        while waiting:
            above = self.old.get(waiting.pop())
            if above is not None and above.qualified not in found:
                found[above.qualified] = above
                waiting += parents(above)
        return tuple(found.values())

    def never_filled(self, old: Relation) -> bool:
        """Tell whether a table had no rows when it was recorded, and has none now.

        That a table is empty now proves nothing where it was not: another database was looked at.
        """
        now = self.new.get(self.matching.names.get(old.qualified, ""))
        return old.empty is True and now is not None and now.empty is True

    def compiles(self, statement: Statement) -> bool | None:
        """Tell whether a statement compiled on the new schema; None where it was not tried."""
        trial = self.trials.get(statement.id)
        return None if trial is None else trial.worked


def views_over(catalog: Catalog) -> Mapping[str, tuple[Relation, ...]]:
    """Find every relation's views, taken from the words of their definitions."""
    by_name: dict[str, list[Relation]] = {}
    for relation in catalog.relations:
        by_name.setdefault(relation.name.lower(), []).append(relation)
    direct: dict[str, list[Relation]] = {}
    for view in catalog.relations:
        for word in words(view.definition or "") & by_name.keys():
            for relation in by_name[word]:
                if relation is not view:
                    direct.setdefault(relation.qualified, []).append(view)
    return {name: _closure(name, direct) for name in direct}


def _closure(name: str, direct: Mapping[str, list[Relation]]) -> tuple[Relation, ...]:
    found: dict[str, Relation] = {}
    waiting = list(direct.get(name, ()))
    while waiting:
        view = waiting.pop()
        if view.qualified not in found:
            found[view.qualified] = view
            waiting += direct.get(view.qualified, ())
    return tuple(found[each] for each in sorted(found))
