"""A database's schema as it was read: relations, functions, types and what guards them.

Made by a database provider, compared by ``schema``, recorded with a deployment. One vocabulary for
every kind of database: what a kind does not have stays empty, what could not be read is a note.
Definitions are the server's own text, so that a scratch database can be made from them.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from smartspec_rollback.domain.values import Value


class RelationKind(StrEnum):
    """What can stand after FROM."""

    TABLE = "table"
    PARTITIONED = "partitioned table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"


class ConstraintKind(StrEnum):
    """What a constraint demands. NOT NULL is a column's own ``nullable``."""

    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    EXCLUDE = "exclude"


class TypeKind(StrEnum):
    """What sort of type somebody defined."""

    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE = "composite"
    RANGE = "range"


class Column(Value):
    """One column.

    ``type`` is spelled by the server, with length and schema (``character varying(20)``,
    ``shop.mood``). ``default`` is an expression. ``generated`` holds the expression of a computed
    column; ``identity`` is ``always``, ``by default`` or None. ``own_collation`` is None where the
    type's own holds.
    """

    name: str
    type: str
    nullable: bool
    position: int
    default: str | None = None
    generated: str | None = None
    identity: str | None = None
    own_collation: str | None = None
    comment: str | None = None


class Constraint(Value):
    """One constraint of a table.

    ``definition`` is the server's text (``CHECK ((price > 0))``); ``predicate`` a check's bare
    expression. ``references`` is the relation a foreign key points at, ``on_delete`` its action
    (``no action``, ``restrict``, ``cascade``, ``set null``, ``set default``).
    ``validated``: every row there is was checked.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    definition: str
    predicate: str | None = None
    references: str | None = None
    referenced_columns: tuple[str, ...] = ()
    on_delete: str | None = None
    validated: bool = True
    deferrable: bool = False


class Index(Value):
    """One index; those behind constraints are listed too, with ``constraint`` naming it.

    ``columns`` are plain columns only; an expression stands as ``(…)``. ``predicate`` is that of
    a partial index.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    definition: str
    predicate: str | None = None
    constraint: str | None = None
    valid: bool = True


class Trigger(Value):
    """One trigger. ``function`` is qualified; ``events`` of insert, update, delete, truncate."""

    name: str
    definition: str
    function: str | None
    events: tuple[str, ...]
    enabled: bool = True


class Policy(Value):
    """One row-level security policy."""

    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None


class Grant(Value):
    """One privilege of one role; ``column`` None means the whole object."""

    grantee: str
    privilege: str
    column: str | None = None


class Relation(Value):
    """One table or view.

    ``definition`` is a view's query. ``partition_of``/``partition_bound`` place a partition, and
    ``partition_key`` is what a partitioned table is cut by. ``inherits`` names other parents.
    ``rows`` is the server's estimate, None where it has none; ``empty`` is exact at the time of
    reading, None where it was not looked at. ``size`` is in bytes. ``extension`` owns it.
    ``options`` are a view's (``security_invoker=true``, ``check_option=local``); a materialized
    view that cannot be read before it is refreshed has ``populated=false``.
    """

    schema: str
    name: str
    kind: RelationKind
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    grants: tuple[Grant, ...] = ()
    owner: str | None = None
    row_security: bool = False
    force_row_security: bool = False
    definition: str | None = None
    rules: tuple[str, ...] = ()
    updatable: bool = True
    partition_of: str | None = None
    partition_bound: str | None = None
    partition_key: str | None = None
    inherits: tuple[str, ...] = ()
    rows: int | None = None
    empty: bool | None = None
    size: int | None = None
    comment: str | None = None
    extension: str | None = None
    options: tuple[str, ...] = ()

    @property
    def qualified(self) -> str:
        """Its name with the schema, unquoted: ``public.items``."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """Return the column called ``name``."""
        return next((c for c in self.columns if c.name == name), None)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of its primary key, empty without one."""
        keys = (c.columns for c in self.constraints if c.kind is ConstraintKind.PRIMARY_KEY)
        return next(keys, ())


class Function(Value):
    """One function, procedure, aggregate or window function.

    ``arguments`` are the types of the inputs in order; the last ``defaults`` of them may be left
    out. ``names`` are the inputs' names, empty strings where they have none. ``owner`` is whose
    privileges a ``security_definer`` runs with, None where that is not recorded.
    """

    schema: str
    name: str
    kind: str
    arguments: tuple[str, ...]
    names: tuple[str, ...] = ()
    defaults: int = 0
    variadic: bool = False
    returns: str = ""
    language: str = ""
    definition: str | None = None
    security_definer: bool = False
    owner: str | None = None
    grants: tuple[Grant, ...] = ()
    extension: str | None = None

    @property
    def qualified(self) -> str:
        """Its name with the schema, without arguments."""
        return f"{self.schema}.{self.name}"

    @property
    def signature(self) -> str:
        """Its name with the types of its inputs: ``public.total(integer)``."""
        return f"{self.qualified}({', '.join(self.arguments)})"


class DefinedType(Value):
    """One type somebody defined.

    ``labels`` of an enum in order; ``base``, ``nullable``, ``default`` and ``checks`` (definitions)
    of a domain; ``attributes`` of a composite type. ``definition`` creates a range type.
    """

    schema: str
    name: str
    kind: TypeKind
    labels: tuple[str, ...] = ()
    base: str | None = None
    nullable: bool = True
    default: str | None = None
    checks: tuple[str, ...] = ()
    attributes: tuple[Column, ...] = ()
    definition: str | None = None
    extension: str | None = None

    @property
    def qualified(self) -> str:
        """Its name with the schema."""
        return f"{self.schema}.{self.name}"


class Sequence(Value):
    """One sequence; ``owned_by`` is ``schema.table.column``. ``identity``: made by its column."""

    schema: str
    name: str
    type: str
    owned_by: str | None = None
    identity: bool = False
    definition: str = ""
    grants: tuple[Grant, ...] = ()

    @property
    def qualified(self) -> str:
        """Its name with the schema."""
        return f"{self.schema}.{self.name}"


class Extension(Value):
    """One installed extension."""

    name: str
    version: str
    schema: str


class Catalog(Value, dict=True):
    """A whole schema.

    ``kind`` is the provider's (``postgresql``), ``version`` the server's (``15.4``). ``role`` is
    the one the application's statements run as, ``member_of`` every role whose privileges it has,
    itself included; ``superuser`` bypasses all of them. ``search_path`` are the schemas unqualified
    names are looked up in, ``closed`` those the role has no USAGE of. ``others`` identify objects
    that are not modelled, but may change what statements do (operators, casts). ``notes`` say what
    could not be read.
    """

    kind: str
    version: str
    role: str | None = None
    member_of: tuple[str, ...] = ()
    superuser: bool = False
    search_path: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    functions: tuple[Function, ...] = ()
    types: tuple[DefinedType, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    extensions: tuple[Extension, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def relations_by_name(self) -> Mapping[str, Relation]:
        """The relations by qualified name."""
        return {each.qualified: each for each in self.relations}

    @cached_property
    def types_by_name(self) -> Mapping[str, DefinedType]:
        """The types somebody defined by qualified name."""
        return {each.qualified: each for each in self.types}

    def relation(self, qualified: str) -> Relation | None:
        """Return the relation called ``schema.name``."""
        return self.relations_by_name.get(qualified)

    def find(self, name: str, schema: str | None = None) -> Relation | None:
        """Find a relation as the server would: in ``schema``, else along the search path."""
        for each in (schema,) if schema is not None else self.search_path:
            if found := self.relation(f"{each}.{name}"):
                return found
        return None
