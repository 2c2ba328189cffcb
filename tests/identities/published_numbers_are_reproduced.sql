-- Each formula gives what its source published, to the source's tolerance.
select
    formula || ' of ' || input || ' is published as ' || cast(published as {{ dbt.type_string() }})
    || ', and came out as '
    || cast(actual as {{ dbt.type_string() }}) || '.' as problem
from {{ ref('formula_fixtures') }}
where not coalesce(is_reproduced, false)
