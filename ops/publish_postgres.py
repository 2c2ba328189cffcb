"""Puts what dbt built in a Postgres server before its readers, in one transaction.

dbt works in the schemas `build_marts` and `build_history`, which no reader sees. Publishing deletes the rows of the tables
of `customer_scores` and `customer_scores_history` and inserts those of the build: readers see the former build until the commit, wait
for nothing, and see the new one after it. Tables stay, and with them rights and policies. Of tables in partitions, those
alone are replaced whose digest has changed.
"""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ops.messages import BuildError

PUBLISHED = {"build_marts": "customer_scores", "build_history": "customer_scores_history"}
READER = "customer_scores_reader"
DIGESTS = "_digests"

# Evaluated once per query, not per row. An owner's rights are its role's and those of the roles that it is a member of.
ACCESS = """
create or replace view access.owned_segments as
select segment_dimension, segment_value from access.segment_owners
where to_regrole(quote_ident(reader)) is not null and pg_has_role(current_user, to_regrole(quote_ident(reader)), 'member');

create or replace view access.visible_customers as
select distinct segments.customer_id from customer_scores.customer_segments as segments
inner join access.owned_segments as owned using (segment_dimension, segment_value)
where segments.valid_to is null;

grant usage on schema access to customer_scores_reader;
grant select on access.owned_segments, access.visible_customers to customer_scores_reader;
"""
OF_CUSTOMERS = "customer_id in (select customer_id from access.visible_customers)"
OF_SEGMENTS = """
(segment_dimension, segment_value) in (select segment_dimension, segment_value from access.owned_segments)
"""
OF_EVERYBODY = "exists (select 1 from access.owned_segments where segment_dimension = 'all')"


@dataclass(frozen=True)
class Relation:
    """A table or a view of the build, with its columns: name and type, in order."""

    schema: str
    name: str
    is_view: bool
    columns: tuple[tuple[str, str], ...]

    @property
    def built(self) -> sql.Identifier:
        """Its name in the build."""
        return sql.Identifier(self.schema, self.name)

    @property
    def published(self) -> sql.Identifier:
        """Its name for readers."""
        return sql.Identifier(PUBLISHED[self.schema], self.name)


def audit(server: Connection, build_id: str) -> dict[str, int]:
    """The rows of each table that a build made. Raises BuildError where not all are of this build, or rows were lost."""
    problems, rows = [], {}
    with server, server.cursor() as cursor:
        for relation in relations(cursor, "build_marts"):
            if relation.is_view:
                continue
            names = [name for name, _ in relation.columns]
            cursor.execute(
                sql.SQL("select count(*), count(*) filter (where build_id is distinct from %s) from {}").format(relation.built)
                if "build_id" in names
                else sql.SQL("select count(*), 0, %s from {}").format(relation.built),
                [build_id],
            )
            rows[relation.name], others = cursor.fetchone()[:2]
            if others:
                problems.append(f"{relation.name} has {others:,} rows of another build: build once with --full-refresh.")
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
            cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        built = [relation for schema in PUBLISHED for relation in relations(cursor, schema)]
        remove_others(cursor, built)
        tables = [relation for relation in built if not relation.is_view]
        for relation in tables:
            ensure(cursor, relation)
        for relation in tables:
            # Digests are the last of a table to change: what is compared with them must be the former ones.
            if not relation.name.endswith(DIGESTS):
                fill(cursor, relation, built, is_whole)
        for relation in built:
            if relation.is_view:
                show(cursor, relation)
        show_functions(cursor)
        cursor.execute(ACCESS)
        for relation in tables:
            protect(cursor, relation)
        for schema in PUBLISHED.values():
            cursor.execute(f"grant usage on schema {schema} to {READER}; grant select on all tables in schema {schema} to {READER}")
    # Rows that were deleted take room until they are swept; not within a transaction.
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            for relation in tables:
                cursor.execute(sql.SQL("vacuum (analyze) {}").format(relation.published))
    finally:
        server.autocommit = False


def relations(cursor: Cursor, schema: str) -> list[Relation]:
    """The tables and views of a schema, each after those that it was made of."""
    cursor.execute(
        """
        select
            class.relname,
            class.relkind = 'v',
            array_agg(attribute.attname::text order by attribute.attnum),
            array_agg(format_type(attribute.atttypid, attribute.atttypmod) order by attribute.attnum)
        from pg_class as class
        join pg_attribute as attribute on class.oid = attribute.attrelid
        where class.relnamespace = to_regnamespace(%s) and class.relkind in ('r', 'v')
            and attribute.attnum > 0 and not attribute.attisdropped
        group by class.oid, class.relname, class.relkind
        order by class.oid
        """,
        [schema],
    )
    return [
        Relation(schema, name, is_view, tuple(zip(names, types, strict=True)))
        for name, is_view, names, types in cursor.fetchall()
    ]


def remove_others(cursor: Cursor, built: list[Relation]) -> None:
    """Drops what is published and no longer built, or has other columns by now, with the views that read it."""
    wanted = {(PUBLISHED[relation.schema], relation.name): relation for relation in built}
    for schema in PUBLISHED.values():
        for relation in relations(cursor, schema):
            found = wanted.get((schema, relation.name))
            if not found or (found.is_view, found.columns) != (relation.is_view, relation.columns):
                kind = sql.SQL("view" if relation.is_view else "table")
                cursor.execute(sql.SQL("drop {} if exists {} cascade").format(kind, relation.built))


def ensure(cursor: Cursor, relation: Relation) -> None:
    """Makes the published table, empty, unless it is there: with comments, and an index for who asks for one customer."""
    cursor.execute("select to_regclass(%s) is null", [".".join(relation.published.strings)])
    if cursor.fetchone()[0]:
        made = sql.SQL("create table {} (like {} including comments)")
        cursor.execute(made.format(relation.published, relation.built))
        comment = sql.SQL("comment on table {} is {}")
        cursor.execute("select obj_description(to_regclass(%s))", [".".join(relation.built.strings)])
        cursor.execute(comment.format(relation.published, sql.Literal(cursor.fetchone()[0])))
        if "customer_id" in dict(relation.columns):
            cursor.execute(sql.SQL("create index on {} (customer_id)").format(relation.published))


def fill(cursor: Cursor, relation: Relation, built: list[Relation], is_whole: bool) -> None:
    """Replaces the rows of the published table; of one in partitions, those of partitions that are new, gone or changed."""
    names = {"published": relation.published, "built": relation.built}
    names["columns"] = sql.SQL(", ").join(sql.Identifier(name) for name, _ in relation.columns)
    digests = next((other for other in built if (other.schema, other.name) == (relation.schema, relation.name + DIGESTS)), None)
    if digests and not is_whole:
        names |= {"partition": sql.Identifier(digests.columns[0][0]), "now": digests.built, "before": digests.published}
        cursor.execute(
            sql.SQL("""
                create temporary table changed on commit drop as
                select {partition} from {now} full join {before} using ({partition})
                where {now}.digest is distinct from {before}.digest
            """).format(**names | {"now": digests.built, "before": digests.published})
        )
        which = sql.SQL(" where {partition} in (select {partition} from changed)").format(**names)
    else:
        which = sql.SQL("")
    cursor.execute(sql.SQL("delete from {published}").format(**names) + which)
    cursor.execute(sql.SQL("insert into {published} ({columns}) select {columns} from {built}").format(**names) + which)
    if digests:
        cursor.execute("drop table if exists changed")
        fill(cursor, digests, [], True)


def show(cursor: Cursor, relation: Relation) -> None:
    """Makes the published view what the built one is, unless it is so: who reads a view would have to wait for it."""
    definitions = []
    for view in (relation.built, relation.published):
        cursor.execute("select pg_get_viewdef(to_regclass(%s))", [".".join(view.strings)])
        definitions.append(of_published(cursor.fetchone()[0] or ""))
    if definitions[0] != definitions[1]:
        view = sql.SQL("create or replace view {} with (security_invoker = true) as ").format(relation.published)
        cursor.execute(view + sql.SQL(definitions[0].replace("{", "{{").replace("}", "}}")).format())


def show_functions(cursor: Cursor) -> None:
    """Makes the functions of the build for readers: each runs in the rights of who calls it."""
    cursor.execute(
        "select pg_get_functiondef(oid), pg_get_function_identity_arguments(oid), proname from pg_proc "
        "where pronamespace = to_regnamespace('build_marts')"
    )
    for definition, arguments, name in cursor.fetchall():
        cursor.execute(f"drop function if exists customer_scores.{name}({arguments})")
        cursor.execute(of_published(definition))


def of_published(definition: str) -> str:
    """A view's or function's text that reads the published tables, where it reads those of the build."""
    for built, published in PUBLISHED.items():
        definition = definition.replace(f"{built}.", f"{published}.").replace(f'"{built}".', f'"{published}".')
    return definition


def protect(cursor: Cursor, relation: Relation) -> None:
    """Lets readers see of a table the rows of customers and segments that are theirs; a table of neither is for all."""
    names = dict(relation.columns)
    if "customer_id" in names:
        rule = OF_CUSTOMERS
    elif {"segment_dimension", "segment_value"} <= names.keys():
        rule = OF_SEGMENTS
    else:
        return
    cursor.execute(
        "select 1 from pg_policy where polrelid = to_regclass(%s)", [".".join(relation.published.strings)]
    )
    if not cursor.fetchone():
        policy = "alter table {table} enable row level security; create policy own_segments on {table} for select to {reader} using ({rule})"
        cursor.execute(
            sql.SQL(policy).format(
                table=relation.published, reader=sql.Identifier(READER), rule=sql.SQL(f"{OF_EVERYBODY} or {rule}")
            )
        )
