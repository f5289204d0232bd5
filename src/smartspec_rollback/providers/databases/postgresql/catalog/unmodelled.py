"""What could change how statements work and is not part of a Catalog: named, not described.

Asked by ``reader``. No statement says which operator, cast or text search configuration it means;
so where one of them differs, nobody can tell whom it concerns.
"""

_OWN = """NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = '{catalog}'::regclass AND d.objid = x.oid AND d.deptype IN ('e', 'i'))"""


def _identify(what: str, catalog: str, detail: str, condition: str) -> str:
    """List the objects of one system catalog that are neither built in nor an extension's."""
    return f"""
        SELECT concat_ws(' ', '{what}', i.identity, {detail}) AS identity
        FROM {catalog} x,
             LATERAL pg_identify_object('{catalog}'::regclass, x.oid, 0) AS i
        WHERE x.oid >= 16384 AND {condition} AND {_OWN.format(catalog=catalog)}
    """  # noqa: S608 - made of constants of this file


_AGGREGATE = """
    (SELECT concat_ws(' ', a.aggtransfn::regproc, a.aggfinalfn::regproc, a.agginitval)
     FROM pg_aggregate a WHERE a.aggfnoid = x.oid)
"""

UNMODELLED = " UNION ALL ".join(
    _identify(what, catalog, detail, condition)
    for what, catalog, detail, condition in (
        ("operator", "pg_operator", "'by', x.oprcode::regprocedure", "true"),
        ("cast", "pg_cast", "x.castcontext, x.castmethod, x.castfunc::regprocedure", "true"),
        ("base type", "pg_type", "x.typinput::regproc", "x.typtype = 'b' AND x.typelem = 0"),
        (
            "aggregate",
            "pg_proc",
            _AGGREGATE,
            "x.prokind = 'a'",
        ),
        ("operator class", "pg_opclass", "CASE WHEN x.opcdefault THEN 'default' END", "true"),
        (
            "collation",
            "pg_collation",
            "x.collprovider, x.collisdeterministic, x.collcollate, x.collctype",
            "true",
        ),
        ("text search configuration", "pg_ts_config", "x.cfgparser::text", "true"),
        (
            "event trigger",
            "pg_event_trigger",
            "x.evtevent, x.evtfoid::regproc",
            "x.evtenabled <> 'D'",
        ),
        (
            "publication",
            "pg_publication",
            "x.puballtables, x.pubinsert, x.pubupdate, x.pubdelete",
            "true",
        ),
        (
            "published table",
            "pg_publication_rel",
            "(SELECT c.relreplident FROM pg_class c WHERE c.oid = x.prrelid)",
            "true",
        ),
    )
)
"""One row for each of them, as text that is equal wherever it is the same."""
