"""Gather what a statement touches while it is being resolved.

Filled by the modules of a resolver, and read once when it is done. Keeps the order in which things
were found, so that equal statements give equal values.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from smartspec_rollback.domain.workload import Call, Use
from smartspec_rollback.providers.databases.resolving.outputs import Origin, Output

Ordered = dict[str, None]


@dataclass
class Draft:
    """A Use in the making; its fields mean what Use's mean."""

    relation: str
    reads: Ordered = field(default_factory=dict)
    returns: Ordered = field(default_factory=dict)
    inserts: bool = False
    inserted: tuple[str, ...] | None = ()
    updated: Ordered = field(default_factory=dict)
    nulls: Ordered = field(default_factory=dict)
    not_nulls: Ordered = field(default_factory=dict)
    maybe_nulls: Ordered = field(default_factory=dict)
    deletes: bool = False
    star: bool = False
    arbiter: tuple[str, ...] | None = None
    arbiter_constraint: bool = False
    unqualified: Ordered = field(default_factory=dict)
    beside: Ordered = field(default_factory=dict)
    captures: dict[tuple[str, str], None] = field(default_factory=dict)
    literals: dict[tuple[str, str], None] = field(default_factory=dict)

    def use(self) -> Use:
        """Make the value. A column given in two ways is only surely not NULL if both say so."""
        certain = [c for c in self.not_nulls if c not in self.nulls and c not in self.maybe_nulls]
        return Use(
            relation=self.relation,
            reads=tuple(self.reads),
            returns=tuple(self.returns),
            inserts=self.inserts,
            inserted=self.inserted,
            updated=tuple(self.updated),
            nulls=tuple(self.nulls),
            not_nulls=tuple(certain),
            deletes=self.deletes,
            star=self.star,
            arbiter=self.arbiter,
            arbiter_constraint=self.arbiter_constraint,
            unqualified=tuple(self.unqualified),
            beside=tuple(self.beside),
            captures=tuple(self.captures),
            literals=tuple(self.literals),
        )


@dataclass
class Record:
    """Everything found of one statement."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    more: list[Draft] = field(default_factory=list)
    calls: dict[Call, None] = field(default_factory=dict)
    types: Ordered = field(default_factory=dict)
    problems: Ordered = field(default_factory=dict)

    def draft(self, relation: str) -> Draft:
        """Return what is gathered of a relation."""
        if relation not in self.drafts:
            self.drafts[relation] = Draft(relation)
        return self.drafts[relation]

    def insertion(self, relation: str) -> Draft:
        """Return a draft to insert with: a second INSERT in one statement gets its own."""
        draft = self.draft(relation)
        if draft.inserts:
            draft = self.another(relation)
        draft.inserts = True
        return draft

    def another(self, relation: str) -> Draft:
        """Return a further draft for a relation."""
        draft = Draft(relation)
        self.more.append(draft)
        return draft

    def read(self, origins: Iterable[Origin]) -> None:
        """Note that columns are read."""
        for each in origins:
            self.draft(each.relation).reads[each.column] = None

    def returned(self, outputs: Iterable[Output]) -> None:
        """Note that columns reach the statement's result."""
        for output in outputs:
            for each in output.origins:
                self.draft(each.relation).returns[each.column] = None

    def starred(self, relations: Iterable[str]) -> None:
        """Note that ``*`` of relations matters: a new column changes what is read."""
        for each in sorted(relations):
            self.draft(each).star = True

    def rivals(self, name: str, output: Output | None, others: Iterable[str]) -> None:
        """Note that a later column ``name`` in one of ``others`` makes a bare name ambiguous.

        It is kept with the relation the name means now, and with the rival where that is none.
        """
        owners = {o.relation for o in output.origins} if output is not None else set()
        for other in sorted(others):
            for owner in sorted(owners) or [other]:
                draft = self.draft(owner)
                draft.unqualified[name] = None
                draft.beside[other] = None

    def captured(self, name: str, output: Output | None, others: Iterable[str]) -> None:
        """Note that a later column ``name`` in one of ``others`` would be taken instead, silently.

        What would be taken away from is told too, as for ``rivals``.
        """
        others = tuple(others)
        self.rivals(name, output, others)
        owners = {o.relation for o in output.origins} if output is not None else set()
        for other in sorted(others):
            for owner in sorted(owners) or [other]:
                self.draft(owner).captures[other, name] = None

    def problem(self, text: str) -> None:
        """Note that something could not be resolved."""
        self.problems[text] = None

    def uses(self) -> tuple[Use, ...]:
        """Make the values, in the order the relations were met."""
        return tuple(draft.use() for draft in (*self.drafts.values(), *self.more))
