-- Two routes to one figure, or one of them is wrong.
select
    check_name || ' of ' || subject || ' is ' || coalesce(cast(in_sql as {{ dbt.type_string() }}), 'null')
    || ' in SQL and '
    || coalesce(cast(in_pandas as {{ dbt.type_string() }}), 'null') || ' in pandas.' as problem
from {{ ref('formula_checks') }}
where not is_equal
