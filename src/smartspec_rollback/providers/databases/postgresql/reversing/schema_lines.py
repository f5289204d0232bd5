"""A schema as lines of text, so that two can be compared whatever made them.

Used by ``reversal`` to see whether a down migration restores the schema. The order of columns,
comments and owners are no part of it: they change nothing for an application.
"""

from typing import Any

import psycopg

_OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"
_NOT_OF_AN_EXTENSION = """
NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.objid = %.oid AND e.classid = '%'::regclass
            AND e.deptype = 'e')
"""
_PARTS = {
    ":own_pg_class": _NOT_OF_AN_EXTENSION.replace("%.oid", "c.oid").replace("%", "pg_class"),
    ":own_pg_proc": _NOT_OF_AN_EXTENSION.replace("%.oid", "p.oid").replace("%", "pg_proc"),
    ":own_pg_type": _NOT_OF_AN_EXTENSION.replace("%.oid", "t.oid").replace("%", "pg_type"),
    ":own": _OWN,
    ":relation": "format('%I.%I', n.nspname, c.relname)",
}
"""What stands for itself in the queries below."""

_QUERIES = (
    """
    SELECT 'schema ' || quote_ident(n.nspname) FROM pg_namespace AS n WHERE :own
    """,
    "SELECT 'extension ' || quote_ident(extname) FROM pg_extension",
    """
    SELECT CASE c.relkind WHEN 'r' THEN 'table ' WHEN 'p' THEN 'partitioned table '
               WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
               WHEN 'f' THEN 'foreign table ' ELSE 'sequence ' END
           || :relation
           || CASE WHEN c.relkind IN ('v', 'm') THEN ' AS ' || pg_get_viewdef(c.oid) ELSE '' END
           || CASE WHEN c.relrowsecurity THEN ' ROW SECURITY' ELSE '' END
           || CASE WHEN c.relforcerowsecurity THEN ' FORCED' ELSE '' END
           || CASE WHEN c.relpersistence = 'u' THEN ' UNLOGGED' ELSE '' END
           || coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), '')
           || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), '')
           || coalesce((SELECT ' INHERITS '
                               || string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
                        FROM pg_inherits AS i WHERE i.inhrelid = c.oid), '')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND :own
      AND :own_pg_class
    """,
    """
    SELECT 'column ' || :relation || '.' || quote_ident(a.attname) || ' '
           || format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
           || CASE a.attidentity WHEN 'a' THEN ' IDENTITY ALWAYS' WHEN 'd' THEN ' IDENTITY'
              ELSE '' END
           || CASE WHEN a.attgenerated <> '' THEN ' GENERATED ' || a.attgenerated::text ELSE '' END
           || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
           || CASE WHEN a.attcollation <> t.typcollation
                   THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND :own
      AND :own_pg_class
    """,
    """
    SELECT 'constraint ' || quote_ident(k.conname) || ' on ' || :relation || ' '
           || pg_get_constraintdef(k.oid)
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND :own
      AND :own_pg_class
    """,
    """
    SELECT 'index ' || pg_get_indexdef(i.indexrelid)
           || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE :own AND :own_pg_class
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid
                      AND k.contype IN ('p', 'u', 'x'))
    """,
    """
    SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND :own
    """,
    """
    SELECT 'rule ' || pg_get_ruledef(r.oid)
    FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND :own
    """,
    """
    SELECT format('policy %I on %s %s %s TO %s USING %s CHECK %s', p.polname, :relation, p.polcmd,
                  p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid),
                  pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE :own
    """,
    """
    SELECT 'function ' || CASE p.prokind WHEN 'a' THEN p.oid::regprocedure::text
                          ELSE pg_get_functiondef(p.oid) END
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE :own AND :own_pg_proc
    """,
    """
    SELECT format('type %I.%I ', n.nspname, t.typname)
           || CASE t.typtype
              WHEN 'e' THEN 'ENUM ' || ARRAY(SELECT e.enumlabel FROM pg_enum AS e
                  WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text
              WHEN 'd' THEN 'DOMAIN ' || format_type(t.typbasetype, t.typtypmod)
                  || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
                  || coalesce(' DEFAULT ' || t.typdefault, '')
                  || ARRAY(SELECT quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
                      FROM pg_constraint AS k WHERE k.contypid = t.oid AND k.contype = 'c'
                      ORDER BY k.conname)::text
              WHEN 'c' THEN 'COMPOSITE ' || ARRAY(
                  SELECT quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                  FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0
                  AND NOT a.attisdropped ORDER BY a.attnum)::text
              ELSE 'RANGE' END
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE :own AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
      AND :own_pg_type
    """,
    """
    SELECT format('grant %s on %s to %s', g.privilege_type, :relation, g.grantee::regrole)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,
         LATERAL aclexplode(coalesce(c.relacl, acldefault(
             CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) AS g
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND :own AND g.grantee <> c.relowner
      AND :own_pg_class
    """,
)


def lines(connection: psycopg.Connection[tuple[Any, ...]]) -> frozenset[str]:
    """Read the schema of a scratch database, whose search path is the server's own schema only."""
    found: set[str] = set()
    for template in _QUERIES:
        query = template
        for name, part in _PARTS.items():
            query = query.replace(name, part)
        found |= {" ".join(str(line).split()) for (line,) in connection.execute(query.encode())}
    return frozenset(found)


def differences(before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """Say what of ``before`` is not in ``after`` (``- ``), and the other way round (``+ ``)."""
    return tuple(
        [f"- {line}" for line in sorted(before - after)]
        + [f"+ {line}" for line in sorted(after - before)]
    )
