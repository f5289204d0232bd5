"""Rules that need more than one section: names that must exist elsewhere in the file.

Called by the loader with what could be decoded, so they also hold beside other faults.
"""

from collections.abc import Iterator

from smartspec_rollback.config.decode import Decoder, Seen
from smartspec_rollback.config.measuring import ObjectiveSection
from smartspec_rollback.config.model import ProviderConfiguration
from smartspec_rollback.config.problems import KeyPath, Problems, quoted, suggestion
from smartspec_rollback.config.sections import PersonSection


def crosscheck(decoder: Decoder, problems: Problems) -> None:
    """Note every name that leads nowhere, and every account that leads to two people."""
    owners = _account_owners(decoder, problems)
    for path in environment_paths(decoder):
        _check_dependencies(decoder, path, problems)
        _check_approvers(decoder, path, owners, problems)
        _check_objectives(decoder, path, problems)
    _check_roles(decoder, problems)


def environment_paths(decoder: Decoder) -> Iterator[KeyPath]:
    """Name the path of every environment of every service, in the order of the file."""
    for service in decoder.keys.get(("services",), ()):
        for environment in decoder.keys.get(("services", service), ()):
            yield ("services", service, environment)


def _account_owners(decoder: Decoder, problems: Problems) -> dict[str, str]:
    """Map each account (``os:alice``) to the person it belongs to."""
    owners: dict[str, str] = {}
    for person in decoder.keys.get(("people",), ()):
        seen = decoder.seen.get(("people", person))
        if seen is None or not isinstance(seen.value, PersonSection):
            continue
        for key, account in seen.value.accounts:
            path = ("people", person, key)
            owner = owners.setdefault(f"{key}:{account}", person)
            if owner != person:
                problems.add(
                    decoder.seen[path].line,
                    path,
                    f"{quoted(account)} is already an account of {quoted(owner)}",
                    "one account identifies one person; remove it from one of them",
                )
    return owners


def _check_dependencies(decoder: Decoder, path: KeyPath, problems: Problems) -> None:
    services = decoder.keys.get(("services",), ())
    for place, seen in _listed(decoder, (*path, "depends_on")):
        name = str(seen.value)
        if name == path[1]:
            problems.add(seen.line, place, "a service does not depend on itself", "remove it")
        elif name not in services:
            problems.add(
                seen.line,
                place,
                f"no service {quoted(name)} in this file",
                suggestion(name, services),
            )


def _check_approvers(
    decoder: Decoder, path: KeyPath, owners: dict[str, str], problems: Problems
) -> None:
    """Refuse approvers as whom nobody could ever approve.

    Whoever is not in ``people`` is known by the account itself, which may be listed as such.
    """
    people = decoder.keys.get(("people",), ())
    for place, seen in _listed(decoder, (*path, "approval", "approvers")):
        name = str(seen.value)
        if name in people:
            continue
        if name in owners:
            problems.add(
                seen.line,
                place,
                f"{quoted(name)} is an account of {quoted(owners[name])}",
                f"write {owners[name]}",
            )
        elif not name.startswith(tuple(f"{key}:" for key in PersonSection.__struct_fields__)):
            problems.add(
                seen.line,
                place,
                f"no person {quoted(name)} in `people`, so nobody could approve",
                suggestion(name, people) or f"add `people: {{{name}: {{os: {name}}}}}`",
            )


def _check_roles(decoder: Decoder, problems: Problems) -> None:
    """Refuse roles for people and services that the file does not have."""
    services = decoder.keys.get(("services",), ())
    environments = {path[2] for path in environment_paths(decoder)}
    known = {
        "people": (tuple(decoder.keys.get(("people",), ())), "person"),
        "services": (tuple(services), "service"),
        "environments": (tuple(sorted(map(str, environments))), "environment"),
    }
    for role, _ in _listed(decoder, ("server", "roles")):
        for key, (names, kind) in known.items():
            for place, seen in _listed(decoder, (*role, key)):
                name = str(seen.value)
                if name not in names:
                    problems.add(
                        seen.line,
                        place,
                        f"no {kind} {quoted(name)} in this file",
                        suggestion(name, names),
                    )


def _check_objectives(decoder: Decoder, path: KeyPath, problems: Problems) -> None:
    """Refuse objectives that nothing would measure, or that reports could not tell apart."""
    metrics = decoder.seen.get((*path, "metrics"))
    held_metrics = None if metrics is None else metrics.value
    kind = held_metrics.kind if isinstance(held_metrics, ProviderConfiguration) else None
    names: set[str] = set()
    for place, seen in _listed(decoder, (*path, "objectives")):
        held = seen.value
        if isinstance(held, ObjectiveSection):
            if kind is not None and isinstance(held.source, str) and held.source != kind:
                problems.add(
                    decoder.seen[(*place, "source")].line,
                    (*place, "source"),
                    f"{quoted(held.source)} does not measure here; `metrics` is {kind}",
                    f"write {kind}, or set `metrics: {{kind: ...}}` of this environment",
                )
            name = held.title
        else:
            name = " ".join(str(held).split())
        if name in names:
            problems.add(
                seen.line,
                place,
                f"a second objective called {quoted(name)}",
                "remove it, or give it another name",
            )
        names.add(name)


def _listed(decoder: Decoder, path: KeyPath) -> Iterator[tuple[KeyPath, Seen]]:
    """Go through the items of a list that could be decoded."""
    for index in range(decoder.lengths.get(path, 0)):
        if (seen := decoder.seen.get((*path, index))) is not None:
            yield (*path, index), seen
