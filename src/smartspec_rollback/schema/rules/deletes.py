"""Which deletes of the old version a foreign key now refuses, or lets take more with them (row 5).

Called by ``rules.foreign_keys``. Deletes reach further than their own table: they follow every
ON DELETE CASCADE.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind, Relation
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.reading.defaults import fills_itself
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import statements_of

_REFUSING = frozenset({"no action", "restrict", None})


class Deletes:
    """The statements that delete rows, by the table (of the new schema) whose rows go."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._direct: dict[str, dict[str, Statement]] = {}
        self._old_names = {m.new.qualified: m.old for m in case.matching.matches}
        for match in case.matching.matches:
            for statement, use in case.uses(match.old.qualified):
                if use.deletes:
                    self._direct.setdefault(match.new.qualified, {})[statement.id] = statement
        self._reached = self._follow()

    def _follow(self) -> dict[str, dict[str, Statement]]:
        """Carry every delete along ON DELETE CASCADE."""
        cascades: dict[str, list[str]] = {}
        for relation in self._case.after.relations:
            for key in relation.constraints:
                if key.kind is ConstraintKind.FOREIGN_KEY and key.on_delete == "cascade":
                    cascades.setdefault(key.references or "", []).append(relation.qualified)
        reached = {name: dict(statements) for name, statements in self._direct.items()}
        waiting = list(reached)
        while waiting:
            parent = waiting.pop()
            for child in cascades.get(parent, ()):
                held = reached.setdefault(child, {})
                if not reached[parent].keys() <= held.keys():
                    held.update(reached[parent])
                    waiting.append(child)
        return reached

    def judge(
        self, relation: Relation, key: Constraint, pair: Match | None, before: Constraint | None
    ) -> Iterable[SchemaFinding]:
        """Judge the other side of ``key``, new or with another action than ``before``."""
        target = key.references or ""
        if target not in self._old_names:
            return
        refused = before is not None and before.on_delete in _REFUSING
        if key.on_delete in _REFUSING and not refused:
            told = tuple(self._refuses(target, relation, key, pair))
        else:
            told = tuple(self._takes_more(relation, key, pair, before))
        yield from told
        if before is not None and not told:
            yield self._never_met(target, relation, key, before)

    def _never_met(
        self, target: str, relation: Relation, key: Constraint, before: Constraint
    ) -> SchemaFinding:
        """Judge another action on deletes that no known statement does."""
        doubt = self._doubt(target)
        return found(
            32,
            SchemaVerdict.UNKNOWN if doubt else SchemaVerdict.SAFE,
            f"{relation.qualified}.{key.name}",
            f"{key.name} of {relation.qualified} acts otherwise when rows of {target} are deleted; "
            + ("whether they are is not known." if doubt else "the old version deletes none."),
            statements=[each for each in doubt if isinstance(each, Statement)],
            evidence=(fact("before", before.definition), fact("now", key.definition)),
            loses="",
        )

    def _refuses(
        self, target: str, relation: Relation, key: Constraint, pair: Match | None
    ) -> Iterable[SchemaFinding]:
        """Judge deletes that ``key`` refuses and that nothing refused before."""
        object_ = f"{relation.qualified}.{key.name}"
        of = (fact("the constraint", key.definition),)
        deleting = {**self._reached.get(target, {}), **self._moving(target, key)}
        if deleting:
            verdict, told = self._weigh(relation, key, pair)
            yield found(
                5,
                verdict,
                object_,
                f"The old version deletes rows of {target}, which {key.name} of "
                f"{relation.qualified} refuses now where rows refer to them.",
                statements=deleting.values(),
                evidence=(*of, *told),
            )
        elif doubt := self._doubt(target):
            yield found(
                5,
                SchemaVerdict.UNKNOWN,
                object_,
                f"{key.name} of {relation.qualified} refuses to delete rows of {target} that rows "
                "refer to; whether the old version deletes there is not known.",
                statements=[each for each in doubt if isinstance(each, Statement)],
                evidence=of,
            )

    def _moving(self, target: str, key: Constraint) -> dict[str, Statement]:
        """List the statements that change what is referred to."""
        wanted = set(key.referenced_columns)
        uses = self._case.uses(self._old_names[target].qualified)
        moving = tuple(each for each in uses if wanted & set(each[1].updated))
        return {each.id: each for each in statements_of(moving)}

    def _doubt(self, target: str) -> tuple[object, ...]:
        """Say why it is not known that nobody deletes: statements nobody understood, or too few."""
        name = self._old_names[target].name.lower()
        hidden = tuple(
            each
            for each in self._case.statements
            if each.uses is None and {"delete", name} <= words(each.text)
        )
        return hidden or (() if self._case.enough else ("coverage",))

    def _weigh(
        self, relation: Relation, key: Constraint, pair: Match | None
    ) -> tuple[SchemaVerdict, tuple[Evidence, ...]]:
        """Say whether rows refer, or whether the old version clears them away itself."""
        if relation.empty:
            told = fact("rows that refer", "none when the schema was read", Layer.PROBE)
            return self._none_refer(key, pair), (told,)
        if pair is not None and relation.qualified in self._direct:
            told = fact("the old version", f"deletes from {relation.qualified} too")
            return SchemaVerdict.ATTENTION, (told,)
        question = self._question(relation, key, pair)
        answer = self._case.ask(question) if question is not None else None
        if answer is None:
            return SchemaVerdict.BREAKING, ()
        told = counted("rows that can refer", answer)
        if answer.rows or not answer.exact:
            return SchemaVerdict.BREAKING, (told,)
        return self._none_refer(key, pair), (told,)

    def _none_refer(self, key: Constraint, pair: Match | None) -> SchemaVerdict:
        """Say what it is worth that no row refers: the old version fills nothing it does not know.

        Where what is referred to had rows and has none, another database was looked at.
        """
        if pair is not None and all(pair.old.column(name) is not None for name in key.columns):
            return SchemaVerdict.ATTENTION
        target = self._old_names.get(key.references or "")
        now = self._case.new.get(key.references or "")
        other = target is not None and now is not None and target.empty is False and now.empty
        return SchemaVerdict.ATTENTION if other else SchemaVerdict.SAFE

    def _question(self, relation: Relation, key: Constraint, pair: Match | None) -> Question | None:
        """Ask for the rows of a new table, or for those that have a value in a new column."""
        if pair is None:
            return Question(kind=QuestionKind.ROWS, relation=relation.qualified)
        fresh = [name for name in key.columns if pair.old.column(name) is None]
        column = relation.column(fresh[0]) if fresh else None
        if column is None or fills_itself(column):
            return None
        return Question(kind=QuestionKind.SET, relation=relation.qualified, columns=(column.name,))

    def _takes_more(
        self, relation: Relation, key: Constraint, pair: Match | None, before: Constraint | None
    ) -> Iterable[SchemaFinding]:
        """Judge deletes that now take along, or empty, rows the old version knows."""
        deleting = self._direct.get(key.references or "", {})
        if pair is None or before is None or not deleting:
            return
        yield found(
            32,
            SchemaVerdict.ATTENTION,
            f"{relation.qualified}.{key.name}",
            f"What the old version deletes from {key.references} now does {key.on_delete} on "
            f"{relation.qualified}.",
            statements=deleting.values(),
            evidence=(fact("before", before.definition), fact("now", key.definition)),
        )
