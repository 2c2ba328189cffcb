-- Two routes to one figure, or one of them is wrong.
select
    check_name || ' of ' || subject || ' is ' || coalesce(cast(in_sql as varchar), 'null') || ' in SQL and '
    || coalesce(cast(in_pandas as varchar), 'null') || ' in pandas.' as problem
from {{ ref('formula_checks') }}
where not is_equal
