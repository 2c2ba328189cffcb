"""Puts what dbt built in a Postgres server before its readers, in one transaction.

dbt works in the schemas `build_marts` and `build_history`, which no reader sees. Publishing deletes the rows of the
tables of `customer_scores` and `customer_scores_history` and inserts those of the build: readers see the former build
until the commit, wait for nothing, and see the new one after it. Tables stay, and with them rights and policies. Of a
table in partitions, those are replaced whose digest has changed.
"""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ops.messages import BuildError

PUBLISHED = {"build_marts": "customer_scores", "build_history": "customer_scores_history"}
READER = "customer_scores_reader"
DIGESTS = "_digests"

# What the policies ask, once per query: a customer is seen by whoever owns one of its segments of today.
VISIBLE_CUSTOMERS = """
create view access.visible_customers as
select distinct segments.customer_id from customer_scores.customer_segments as segments
inner join access.owned_segments as owned using (segment_dimension, segment_value)
where segments.valid_to is null;
grant select on access.visible_customers to customer_scores_reader
"""
OF_CUSTOMERS = "customer_id in (select customer_id from access.visible_customers)"
OF_SEGMENTS = """
(segment_dimension, segment_value) in (select segment_dimension, segment_value from access.owned_segments)
"""
OF_EVERYBODY = "exists (select 1 from access.owned_segments where segment_dimension = 'all')"


@dataclass(frozen=True)
class Relation:
    """A table or a view, with its columns: name and type, in order."""

    schema: str
    name: str
    is_view: bool
    columns: tuple[tuple[str, str], ...]

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in SQL."""
        return sql.Identifier(self.schema, self.name)

    @property
    def published(self) -> sql.Identifier:
        """The name of what readers see of this relation of the build."""
        return sql.Identifier(PUBLISHED[self.schema], self.name)


def audit(server: Connection, build_id: str) -> dict[str, int]:
    """The rows of each table that a build made.

    Raises BuildError, with exit code 4, where some are of another build, or raw rows were lost.
    """
    problems, rows = [], {}
    with server, server.cursor() as cursor:
        for relation in relations(cursor, ["build_marts"]):
            if not relation.is_view:
                counted = "select count(*), count(*) filter (where build_id is distinct from %s) from {}"
                cursor.execute(sql.SQL(counted).format(relation.identifier), [build_id])
                rows[relation.name], others = cursor.fetchone()
                if others:
                    said = f"{relation.name} has {others:,} rows of another build."
                    problems.append(
                        f"{said} If the project no longer makes this table, drop build_marts.{relation.name}."
                    )
        cursor.execute("""
            select source_table from build_marts.row_reconciliation
            where raw_rows is distinct from accepted + duplicates + rejected + erased
        """)
        problems += [f"{table} has raw rows that are not accounted for." for (table,) in cursor.fetchall()]
    if not rows.get("row_reconciliation"):
        problems.append("row_reconciliation has no rows: nothing shows that no raw row was lost.")
    if problems:
        raise BuildError("\n- ".join(["The audit of the new marts failed:", *problems]), 4)
    return rows


def publish(server: Connection, is_whole: bool) -> None:
    """Shows readers what was built. `is_whole`: partitions too are replaced whose digest has not changed."""
    with server, server.cursor() as cursor:
        for schema in PUBLISHED.values():
            # Only where there is none: a statement that changes rights waits for others that do.
            cursor.execute("select to_regnamespace(%s) is null", [schema])
            if cursor.fetchone()[0]:
                cursor.execute(f"create schema {schema}; grant usage on schema {schema} to {READER}")
        built = relations(cursor, list(PUBLISHED))
        tables = [relation for relation in built if not relation.is_view]
        drop_others(cursor, built)
        for relation in tables:
            ensure(cursor, relation)
        partitioned = {relation.name.removesuffix(DIGESTS): relation for relation in tables if DIGESTS in relation.name}
        for relation in tables:
            if relation not in partitioned.values():
                fill(cursor, relation, None if is_whole else partitioned.get(relation.name))
        # What was compared with them stood before.
        for relation in partitioned.values():
            fill(cursor, relation, None)
        for relation in built:
            if relation.is_view:
                show(cursor, relation)
        show_functions(cursor)
        protect(cursor, tables)
    # Rows that were deleted take room until they are swept, which no transaction can. Cutting off the end of a file
    # would make readers wait.
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            for relation in tables:
                cursor.execute(sql.SQL("vacuum (analyze, truncate false) {}").format(relation.published))
    finally:
        server.autocommit = False


def relations(cursor: Cursor, schemas: list[str]) -> list[Relation]:
    """The tables and views of some schemas, in the order in which they were made."""
    cursor.execute(
        """
        select
            class.relnamespace::regnamespace::text,
            class.relname,
            class.relkind = 'v',
            array_agg(attribute.attname::text order by attribute.attnum),
            array_agg(format_type(attribute.atttypid, attribute.atttypmod) order by attribute.attnum)
        from pg_class as class
        join pg_attribute as attribute on class.oid = attribute.attrelid
        where class.relnamespace::regnamespace::text = any(%s) and class.relkind in ('r', 'v')
            and attribute.attnum > 0 and not attribute.attisdropped
        group by class.oid, class.relnamespace, class.relname, class.relkind
        order by class.oid
        """,
        [schemas],
    )
    return [
        Relation(schema, name, is_view, tuple(zip(names, types, strict=True)))
        for schema, name, is_view, names, types in cursor.fetchall()
    ]


def drop_others(cursor: Cursor, built: list[Relation]) -> None:
    """Drops what is published and no longer built, or has other columns by now, with the views that read it."""
    wanted = {(PUBLISHED[relation.schema], relation.name): relation for relation in built}
    for relation in relations(cursor, list(PUBLISHED.values())):
        found = wanted.get((relation.schema, relation.name))
        if not found or (found.is_view, found.columns) != (relation.is_view, relation.columns):
            kind = sql.SQL("view" if relation.is_view else "table")
            cursor.execute(sql.SQL("drop {} if exists {} cascade").format(kind, relation.identifier))


def ensure(cursor: Cursor, relation: Relation) -> None:
    """Makes the published table, empty, unless it is there: with comments, and an index for one customer's rows."""
    if exists(cursor, relation.published):
        return
    made = sql.SQL("create table {table} (like {built} including comments); grant select on {table} to {reader}")
    names = {"table": relation.published, "built": relation.identifier, "reader": sql.Identifier(READER)}
    cursor.execute(made.format(**names))
    cursor.execute("select obj_description(to_regclass(%s))", [name_of(relation.identifier)])
    comment = sql.Literal(cursor.fetchone()[0])
    cursor.execute(sql.SQL("comment on table {table} is {comment}").format(**names, comment=comment))
    if "customer_id" in dict(relation.columns):
        cursor.execute(sql.SQL("create index on {table} (customer_id)").format(**names))


def fill(cursor: Cursor, relation: Relation, digests: Relation | None) -> None:
    """Replaces the published rows; of a table with digests, those of partitions that are new, gone or changed."""
    names = {"published": relation.published, "built": relation.identifier}
    names["columns"] = sql.SQL(", ").join(sql.Identifier(name) for name, _ in relation.columns)
    which = ""
    if digests:
        names |= {"now": digests.identifier, "before": digests.published}
        names["partition"] = sql.Identifier(digests.columns[0][0])
        which = """
            where {partition} in (
                select {partition} from {now} as now_held full join {before} as held_before using ({partition})
                where now_held.digest is distinct from held_before.digest
            )
        """
    for statement in ("delete from {published}", "insert into {published} ({columns}) select {columns} from {built}"):
        cursor.execute(sql.SQL(statement + which).format(**names))


def show(cursor: Cursor, relation: Relation) -> None:
    """Makes the published view what the built one is, unless it is so: to change a view waits for who reads it."""
    definitions = []
    for view in (relation.identifier, relation.published):
        cursor.execute("select pg_get_viewdef(to_regclass(%s))", [name_of(view)])
        definitions.append(of_published(cursor.fetchone()[0] or ""))
    if definitions[0] != definitions[1]:
        # Without security_invoker a view would read with the rights of who made it, past all policies.
        head = sql.SQL("create or replace view {} with (security_invoker = true) as ").format(relation.published)
        cursor.execute(head.as_string(cursor) + definitions[0])
        grant = sql.SQL("grant select on {} to {}")
        cursor.execute(grant.format(relation.published, sql.Identifier(READER)))


def show_functions(cursor: Cursor) -> None:
    """Makes the functions of the build for readers; each runs with the rights of who calls it."""
    cursor.execute("""
        select
            pg_get_functiondef(built.oid),
            built.oid::regprocedure::text,
            published.oid is null,
            pg_get_functiondef(published.oid)
        from pg_proc as built
        left join pg_proc as published
            on built.proname = published.proname and built.proargtypes = published.proargtypes
            and published.pronamespace = to_regnamespace('customer_scores')
        where built.pronamespace = to_regnamespace('build_marts')
    """)
    for definition, signature, is_new, published in cursor.fetchall():
        if of_published(definition) != published:
            if not is_new:
                cursor.execute(f"drop function {of_published(signature)}")
            cursor.execute(of_published(definition))


def of_published(definition: str) -> str:
    """A view's or function's text that reads the published tables, where it reads those of the build."""
    for built, published in PUBLISHED.items():
        definition = definition.replace(f"{built}.", f"{published}.").replace(f'"{built}".', f'"{published}".')
    return definition


def protect(cursor: Cursor, tables: list[Relation]) -> None:
    """Lets readers see the rows of customers and segments that are theirs, and tables without either whole."""
    if not exists(cursor, sql.Identifier("access", "visible_customers")):
        cursor.execute(VISIBLE_CUSTOMERS)
    for relation in tables:
        names = dict(relation.columns)
        is_of_segments = {"segment_dimension", "segment_value"} <= names.keys()
        rule = OF_CUSTOMERS if "customer_id" in names else OF_SEGMENTS if is_of_segments else None
        cursor.execute("select 1 from pg_policy where polrelid = to_regclass(%s)", [name_of(relation.published)])
        if rule and not cursor.fetchone():
            policy = sql.SQL("""
                alter table {table} enable row level security;
                create policy own_segments on {table} for select to {reader} using ({everybody} or {rule})
            """)
            names = {"table": relation.published, "reader": sql.Identifier(READER)}
            cursor.execute(policy.format(**names, everybody=sql.SQL(OF_EVERYBODY), rule=sql.SQL(rule)))


def exists(cursor: Cursor, identifier: sql.Identifier) -> bool:
    """Whether there is a table or view of that name."""
    cursor.execute("select to_regclass(%s) is not null", [name_of(identifier)])
    return cursor.fetchone()[0]


def name_of(identifier: sql.Identifier) -> str:
    """A name as a text that the server can look up; names of ours need no quotes."""
    return ".".join(identifier.strings)
