-- Who may do what in a database of customer scores. An administrator runs this once in it, and may run it again:
-- psql --dbname customer_scores --file ops/postgres_roles.sql; then, for each user, `grant customer_scores_reader to ...`.
do $$
begin
    if to_regrole('customer_scores_loader') is null then
        create role customer_scores_loader nologin; -- writes the raw tables
    end if;
    if to_regrole('customer_scores_builder') is null then
        create role customer_scores_builder nologin; -- reads them, builds and publishes
    end if;
    if to_regrole('customer_scores_reader') is null then
        create role customer_scores_reader nologin; -- sees what is published, of its own segments
    end if;
    execute format('grant create on database %I to customer_scores_builder', current_database());
end $$;

create schema if not exists landing authorization customer_scores_loader;
grant usage on schema landing to customer_scores_builder;
grant select on all tables in schema landing to customer_scores_builder;
alter default privileges for role customer_scores_loader in schema landing grant select on tables to customer_scores_builder;

-- Whoever may write here decides who sees which segments.
create schema if not exists access authorization customer_scores_builder;
set role customer_scores_builder;
create table if not exists access.segment_owners (
    reader name not null,
    segment_dimension text not null,
    segment_value text not null,
    primary key (reader, segment_dimension, segment_value)
);
comment on table access.segment_owners is
'One row per role and segment whose customers and scores its members see; the segment all of the dimension all is everybody.';

-- The segments of whoever asks: its own, and those of the roles that it is a member of.
create or replace view access.owned_segments as
select segment_dimension, segment_value from access.segment_owners
where
    to_regrole(quote_ident(reader)) is not null
    and pg_has_role(current_user, to_regrole(quote_ident(reader)), 'member');
grant usage on schema access to customer_scores_reader;
grant select on access.owned_segments to customer_scores_reader;
reset role;
