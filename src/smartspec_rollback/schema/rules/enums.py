"""Labels of enums: added, written by the new version, dropped, renamed (rows 22 to 24).

Called by ``compare``. An enum column that became text is for ``types``.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Column, DefinedType, Relation, TypeKind
from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes.guards import add_label
from smartspec_rollback.schema.found import counted, fact, found
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import giving, opaque, reading, silence, statements_of

_Place = tuple[Relation, Relation, Column]
_LISTING = frozenset({"enum_range", "enum_last", "enum_first"})
"""Functions that give labels whether a row holds them or not."""


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every enum that has other labels now, or is gone."""
    now = {each.qualified: each for each in case.after.types if each.kind is TypeKind.ENUM}
    for old in case.before.catalog.types:
        if old.kind is not TypeKind.ENUM:
            continue
        new = now.get(old.qualified)
        if new is None:
            yield from _gone(case, old)
        elif new.labels != old.labels:
            yield from _relabelled(case, old, new)


def named(spelled: str) -> str:
    """Reduce a type's spelling to the name of its elements' type: no quotes, no array, no length.

    ``shop."Mood"[]`` gives ``shop.Mood``.
    """
    return spelled.replace('"', "").replace("[]", "").partition("(")[0].strip()


def columns_of_type(case: Case, type_name: str) -> tuple[_Place, ...]:
    """List the tables' columns of a type in both schemas: old and new table, new column."""
    wanted = {type_name} | {
        each.qualified
        for each in case.before.catalog.types
        if each.kind is TypeKind.DOMAIN and named(each.base or "") == type_name
    }
    return tuple(
        (pair.old, pair.new, new)
        for pair in case.matching.matches
        for column in pair.old.columns
        if named(column.type) in wanted
        and (new := pair.new.column(column.name)) is not None
        and named(new.type) in wanted
    )


def naming_type(case: Case, defined: DefinedType) -> tuple[Statement, ...]:
    """List the statements that name a type, as a cast or as a parameter's type."""
    return tuple(
        statement
        for statement in case.statements
        if any(
            each in {defined.qualified, defined.name}
            for each in map(named, (*statement.types, *(statement.parameters or ())))
        )
    )


def _relabelled(case: Case, old: DefinedType, new: DefinedType) -> Iterator[SchemaFinding]:
    added = [each for each in new.labels if each not in old.labels]
    dropped = [each for each in old.labels if each not in new.labels]
    places = columns_of_type(case, old.qualified)
    if dropped:
        yield _dropped(case, old, new, dropped, places)
    if added:
        yield from _added(case, old, added, places)
    kept = [each for each in old.labels if each in new.labels]
    if kept != [each for each in new.labels if each in old.labels]:
        yield _reordered(case, old, places)


def _added(
    case: Case, old: DefinedType, added: list[str], places: tuple[_Place, ...]
) -> Iterator[SchemaFinding]:
    labels = fact("new labels", ", ".join(added))
    judged = [_written(case, old, place) for place in places]
    yield from (each for each in judged if each is not None)
    if listing := tuple(s for s in case.statements if _LISTING & words(s.text)):
        yield found(
            22,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"{old.qualified} has new labels, and the old version lists the labels of an enum.",
            statements=listing,
            evidence=(labels,),
        )
    elif not any(judged):
        yield found(
            22,
            SchemaVerdict.SAFE,
            old.qualified,
            f"{old.qualified} has new labels, and no row holds one.",
            evidence=(labels,),
        )


def _written(case: Case, old: DefinedType, place: _Place) -> SchemaFinding | None:
    """Judge one column of an enum with new labels; None where no row holds one."""
    before, after, column = place
    object_ = f"{before.qualified}.{column.name}"
    if after.empty:
        return None
    answer = None
    if named(column.type) == column.type.replace('"', ""):  # of an array no label can be asked
        answer = case.ask(
            Question(
                kind=QuestionKind.OTHER_LABELS,
                relation=after.qualified,
                columns=(column.name,),
                arguments=old.labels,
            )
        )
    if answer is not None and not answer.rows and answer.exact:
        return None
    readers = reading(case, before, column.name)
    told = "rows with a label the old version does not know"
    evidence = () if answer is None else (counted(told, answer),)
    if not readers:
        verdict, hidden, why = silence(case, before, column)
        return found(
            22 if answer is None else 23,
            verdict,
            object_,
            f"{object_} may hold labels the old version does not know"
            + ("; it does not read them." if verdict is SchemaVerdict.SAFE else "."),
            statements=hidden,
            evidence=(*evidence, *why),
        )
    if answer is None:
        return found(
            22,
            SchemaVerdict.ATTENTION,
            object_,
            f"The old version reads {object_}, whose type has labels it does not know; whether a "
            "row holds one was not counted.",
            statements=statements_of(readers),
        )
    seen = [
        (statement, use)
        for statement, use in readers
        if column.name in use.returns or use.star or use.relation != before.qualified
    ]
    return found(
        23,
        SchemaVerdict.BREAKING if seen else SchemaVerdict.ATTENTION,
        object_,
        f"The old version reads {object_}, where rows hold labels it does not know.",
        layer=Layer.PROBE,
        statements=statements_of(seen or readers),
        evidence=evidence,
    )


def _dropped(
    case: Case, old: DefinedType, new: DefinedType, dropped: list[str], places: tuple[_Place, ...]
) -> SchemaFinding:
    said = f"{old.qualified} lost the labels {', '.join(dropped)}"
    sending = _sending(case, old, dropped, places)
    fix = "\n".join(add_label(case.after.kind, old, each, new.labels) for each in dropped)
    evidence = (fact("labels now", ", ".join(new.labels)),)
    if sending:
        return found(
            24,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"{said}, and the old version sends such values.",
            statements=sending,
            evidence=evidence,
            fix=fix,
        )
    readers = [each for before, _, column in places for each in reading(case, before, column.name)]
    if readers:
        return found(
            24,
            SchemaVerdict.ATTENTION,
            old.qualified,
            f"{said}; the old version only reads them, and finds other values now.",
            statements=statements_of(readers),
            evidence=evidence,
            fix=fix,
        )
    hidden = tuple(
        {s.id: s for before, _, column in places for s in opaque(case, before.name, column.name)}
        .values()
    )  # fmt: skip
    return found(
        24,
        SchemaVerdict.UNKNOWN if hidden else case.unused,
        old.qualified,
        f"{said}; no known statement of the old version uses it.",
        statements=hidden,
        evidence=evidence,
        fix="" if case.enough and not hidden else fix,
    )


def _sending(
    case: Case, old: DefinedType, dropped: list[str], places: tuple[_Place, ...]
) -> tuple[Statement, ...]:
    """List the statements that send a dropped label, or a parameter that may be one."""
    quoted = {f"'{each}'" for each in dropped}
    sent = {
        statement.id: statement
        for statement in naming_type(case, old)
        if any(named(each) == old.qualified for each in statement.parameters or ())
        or any(each in statement.text for each in quoted)
    }
    for before, _, column in places:
        for statement, use in (
            *giving(case, before, column.name),
            *case.uses(before.qualified),
        ):
            constants = {text for name, text in use.literals if name == column.name}
            written = column.name in use.updated or (
                use.inserts and (use.inserted is None or column.name in use.inserted)
            )
            if constants & set(dropped) or (written and not constants):
                sent[statement.id] = statement
    return tuple(sent.values())


def _reordered(case: Case, old: DefinedType, places: tuple[_Place, ...]) -> SchemaFinding:
    readers = [each for before, _, column in places for each in reading(case, before, column.name)]
    return found(
        20,
        SchemaVerdict.ATTENTION if readers else case.unused,
        old.qualified,
        f"The labels of {old.qualified} are in another order: comparing and sorting change.",
        statements=statements_of(readers),
        loses="",
    )


def _gone(case: Case, old: DefinedType) -> Iterator[SchemaFinding]:
    """Judge an enum that is gone by the statements that name it; its columns are for ``types``."""
    failing = tuple(s for s in naming_type(case, old) if case.compiles(s) is not True)
    if failing:
        yield found(
            24,
            SchemaVerdict.BREAKING,
            old.qualified,
            f"The type {old.qualified} is gone, and the old version names it.",
            statements=failing,
        )
