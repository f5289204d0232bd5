"""The questions ``reader`` asks PostgreSQL; each reads one kind of object, all of it at once.

All run with an empty search path, so that every name the server writes is qualified, and take the
parameter ``schemas``: an array of names, or NULL for all but the system's own. They hold for every
server from 14 to 18.
"""
# ruff: noqa: S608 -- only constants of this file are put together; values are parameters

_SPACES = """
    spaces AS MATERIALIZED (
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND (%(schemas)s::text[] IS NULL OR nspname = ANY (%(schemas)s::text[])))
"""

FINGERPRINT = f"""
    WITH {_SPACES}
    SELECT md5(string_agg(c.oid || ':' || c.xmin, ',' ORDER BY c.oid)) AS seen
    FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
"""
"""Changes with whatever creates, drops, renames or reshapes a relation."""

SCHEMAS = f"WITH {_SPACES} SELECT nspname FROM spaces"

_SLICE = "c.oid BETWEEN %(low)s::oid AND %(high)s::oid"
"""Where a query reads much for every relation, those from ``low`` to ``high`` at once."""

EXTENSIONS = """
    SELECT e.extname, e.extversion, n.nspname
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
"""

RELATIONS = f"""
    WITH {_SPACES}
    SELECT c.oid, n.nspname, c.relname, c.relkind::text AS relkind,
           pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity, c.relforcerowsecurity,
           CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS rows,
           obj_description(c.oid, 'pg_class') AS comment, e.extname,
           c.relispartition, pg_get_expr(c.relpartbound, 0) AS bound,
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
           ARRAY(SELECT i.inhparent FROM pg_inherits i
                 WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
           CASE WHEN c.relkind = 'v' THEN c.reloptions
                WHEN NOT c.relispopulated THEN ARRAY['populated=false'] END AS options
    FROM pg_class c
    JOIN spaces n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d
      ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
     AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

COLUMNS = f"""
    WITH {_SPACES}
    SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull, a.attidentity::text AS identity, a.attgenerated <> '' AS generated,
           CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0)
                ELSE pg_get_expr(d.adbin, d.adrelid) END AS expression,
           CASE WHEN a.attcollation <> t.typcollation
                THEN format('%%I.%%I', cn.nspname, co.collname) END AS collation,
           col_description(a.attrelid, a.attnum) AS comment
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    JOIN spaces n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND {_SLICE}
    ORDER BY a.attrelid, a.attnum
"""
"""A default names no column, so it is written without looking at (and locking) its table."""

CONSTRAINTS = f"""
    WITH {_SPACES}
    SELECT o.conrelid, o.conname, o.contype::text AS contype, o.conkey,
           pg_get_constraintdef(o.oid) AS definition,
           rn.nspname AS refers_schema, r.relname AS refers_name,
           ARRAY(SELECT a.attname::text FROM unnest(o.confkey) WITH ORDINALITY k(attnum, place)
                 JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.attnum
                 ORDER BY k.place) AS refers_columns,
           o.confdeltype::text AS on_delete, o.convalidated, o.condeferrable
    FROM pg_constraint o
    JOIN pg_class c ON c.oid = o.conrelid
    JOIN spaces n ON n.oid = c.relnamespace
    LEFT JOIN pg_constraint p ON p.oid = o.conparentid
    LEFT JOIN pg_class r ON r.oid = o.confrelid
    LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
    WHERE o.contype IN ('p', 'u', 'c', 'f', 'x')
      AND p.conrelid IS DISTINCT FROM o.conrelid AND {_SLICE}
"""
"""A foreign key to a partitioned table has a copy for each partition of that: left out."""

INDEXES = f"""
    WITH {_SPACES}
    SELECT i.indrelid, x.relname, i.indkey::int2[] AS indkey, i.indnkeyatts, i.indisunique,
           pg_get_indexdef(i.indexrelid) AS definition,
           pg_get_expr(i.indpred, i.indrelid) AS predicate,
           o.conname, i.indisvalid
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indrelid AND c.relkind IN ('r', 'p', 'm')
    JOIN spaces n ON n.oid = c.relnamespace
    LEFT JOIN pg_constraint o
      ON o.conrelid = i.indrelid AND o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x')
    WHERE {_SLICE}
"""

TRIGGERS = f"""
    WITH {_SPACES}
    SELECT t.tgrelid, t.tgname, pg_get_triggerdef(t.oid) AS definition,
           pn.nspname || '.' || p.proname AS function, t.tgtype::int AS events,
           t.tgenabled IN ('O', 'A') AS enabled
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN spaces n ON n.oid = c.relnamespace
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace pn ON pn.oid = p.pronamespace
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
"""
"""Copies of a partitioned table's triggers on its partitions are left out, as 14 has them."""

POLICIES = f"""
    WITH {_SPACES}
    SELECT o.polrelid, o.polname, o.polcmd::text AS command, o.polpermissive,
           ARRAY(SELECT CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END
                 FROM unnest(o.polroles) r) AS roles,
           pg_get_expr(o.polqual, o.polrelid) AS using,
           pg_get_expr(o.polwithcheck, o.polrelid) AS check
    FROM pg_policy o
    JOIN pg_class c ON c.oid = o.polrelid
    JOIN spaces n ON n.oid = c.relnamespace
"""

_GRANTEE = "CASE WHEN g.grantee = 0 THEN 'public' ELSE pg_get_userbyid(g.grantee)::text END"

GRANTS = f"""
    WITH {_SPACES}
    SELECT 'pg_class' AS of, c.oid, NULL::text AS column, {_GRANTEE} AS grantee,
           array_agg(DISTINCT g.privilege_type) AS privileges
    FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace,
         aclexplode(coalesce(c.relacl, acldefault(
             CASE WHEN c.relkind = 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) g
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    GROUP BY c.oid, g.grantee
    UNION ALL
    SELECT 'pg_class', c.oid, a.attname, {_GRANTEE}, array_agg(DISTINCT g.privilege_type)
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN spaces n ON n.oid = c.relnamespace,
         aclexplode(a.attacl) g
    WHERE a.attnum > 0 AND NOT a.attisdropped
    GROUP BY c.oid, a.attname, g.grantee
    UNION ALL
    SELECT 'pg_proc', p.oid, NULL, {_GRANTEE}, array_agg(DISTINCT g.privilege_type)
    FROM pg_proc p JOIN spaces n ON n.oid = p.pronamespace,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
    GROUP BY p.oid, g.grantee
"""

VIEWS = """
    SELECT c.oid, pg_get_viewdef(c.oid) AS definition,
           CASE WHEN c.relkind = 'v' THEN pg_relation_is_updatable(c.oid, true) END AS writes
    FROM pg_class c WHERE c.oid = ANY (%(oids)s::oid[])
"""
"""Locks what the views read until the transaction ends: ask for a bounded number at once."""

RULES = f"""
    WITH {_SPACES}
    SELECT r.ev_class, pg_get_ruledef(r.oid) AS definition
    FROM pg_rewrite r
    JOIN pg_class c ON c.oid = r.ev_class
    JOIN spaces n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN'
"""

FUNCTIONS = f"""
    WITH {_SPACES}
    SELECT p.oid, n.nspname, p.proname, p.prokind::text AS kind,
           ARRAY(SELECT format_type(t.oid, NULL)
                 FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t(oid, place)
                 ORDER BY t.place) AS arguments,
           p.proargnames AS names, p.proargmodes::text[] AS modes, p.pronargdefaults::int,
           p.provariadic <> 0 AS variadic, pg_get_function_result(p.oid) AS returns, l.lanname,
           CASE WHEN e.oid IS NULL AND i.objid IS NULL AND p.prokind <> 'a'
                THEN pg_get_functiondef(p.oid) END AS definition,
           p.prosecdef, pg_get_userbyid(p.proowner) AS owner, e.extname
    FROM pg_proc p
    JOIN spaces n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_depend d
      ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    LEFT JOIN pg_depend i
      ON i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i'
"""
"""What comes with an extension, or with a range type, is not defined on its own."""

TYPES = f"""
    WITH {_SPACES}
    SELECT t.oid, n.nspname, t.typname, t.typtype::text AS kind, t.typrelid,
           ARRAY(SELECT l.enumlabel::text FROM pg_enum l
                 WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
           CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
           t.typnotnull, pg_get_expr(t.typdefaultbin, 0) AS typdefault,
           ARRAY(SELECT pg_get_constraintdef(o.oid) FROM pg_constraint o
                 WHERE o.contypid = t.oid AND o.contype = 'c' ORDER BY o.conname) AS checks,
           CASE WHEN t.typtype = 'r' THEN format_type(r.rngsubtype, NULL) END AS subtype,
           CASE WHEN NOT oc.opcdefault
                THEN format('%%I.%%I', ocn.nspname, oc.opcname) END AS opclass,
           nullif(r.rngcanonical, 0)::regproc::text AS canonical,
           nullif(r.rngsubdiff, 0)::regproc::text AS difference,
           r.rngmultitypid::regtype::text AS multirange, e.extname
    FROM pg_type t
    JOIN spaces n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_range r ON r.rngtypid = t.oid
    LEFT JOIN pg_opclass oc ON oc.oid = r.rngsubopc
    LEFT JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace
    LEFT JOIN pg_depend d
      ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
    WHERE t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')
"""

SEQUENCES = f"""
    WITH {_SPACES}
    SELECT c.oid, n.nspname, c.relname, format_type(s.seqtypid, NULL) AS type,
           s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
           tn.nspname || '.' || t.relname || '.' || a.attname AS owned_by,
           coalesce(d.deptype = 'i', false) AS identity
    FROM pg_sequence s
    JOIN pg_class c ON c.oid = s.seqrelid
    JOIN spaces n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d
      ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
     AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    LEFT JOIN pg_class t ON t.oid = d.refobjid
    LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
"""

SIZES = f"""
    WITH {_SPACES}
    SELECT c.oid, pg_relation_size(c.oid) AS size,
           has_schema_privilege(c.relnamespace, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
             AND NOT row_security_active(c.oid) AS readable
    FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm')
"""

APPLICATION = """
    SELECT current_setting('server_version') AS version, current_user::text AS role,
           current_schemas(false)::text[] AS search_path, r.rolsuper,
           CASE WHEN r.rolsuper THEN ARRAY[r.rolname::text]
                ELSE ARRAY(SELECT o.rolname::text FROM pg_roles o
                           WHERE pg_has_role(r.oid, o.oid, 'USAGE') ORDER BY 1) END AS member_of,
           ARRAY(SELECT n.nspname::text FROM pg_namespace n
                 WHERE NOT has_schema_privilege(n.oid, 'USAGE')
                   AND NOT starts_with(n.nspname, 'pg_') ORDER BY 1) AS closed
    FROM pg_roles r WHERE r.rolname = current_user
"""
"""Asked as the application. A superuser may do everything, so its memberships say nothing."""

LOCKED = f"""
    WITH {_SPACES}
    SELECT DISTINCT n.nspname || '.' || c.relname AS relation, l.pid
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation
    JOIN spaces n ON n.oid = c.relnamespace
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY 1 LIMIT 5
"""
