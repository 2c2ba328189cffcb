-- A limit of a table that does not exist would guard nothing, and a warning that comes after the failure warns nobody.
with limits as (
    select
        source_table,
        warn_after_hours,
        fail_after_hours,
        count(*) over (partition by source_table) as limits_of_table
    from {{ ref('freshness_limits') }}
)

select distinct
    'freshness_limits.csv: the line ' || coalesce(source_table, '') || ','
    || coalesce(cast(warn_after_hours as {{ dbt.type_string() }}), '') || ','
    || coalesce(cast(fail_after_hours as {{ dbt.type_string() }}), '')
    || ' cannot be used: give one line for events, survey_answers or customers, with hours above 0, those that warn no '
    || 'more than those that fail, or nothing for no limit.' as problem
from limits
where
    limits_of_table > 1
    or coalesce(source_table, '') not in ('events', 'survey_answers', 'customers')
    or warn_after_hours <= 0
    or fail_after_hours <= 0
    or warn_after_hours > fail_after_hours
