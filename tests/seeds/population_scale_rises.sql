-- Shares and scores must rise together, or more points could mean a lower score.
with cuts as (
    select
        point_share,
        score,
        lag(score) over (order by point_share) as lower_score
    from {{ ref('population_scale') }}
)

select
    'population_scale.csv: the row with share ' || coalesce(cast(point_share as {{ dbt.type_string() }}), '(none)')
    || ' is wrong: shares lie above 0 and up to 1, scores rise with them from 1 to 100.' as problem
from cuts
where
    point_share is null
    or score is null
    or point_share <= 0
    or point_share > 1
    or score not between 1 and 100
    or score <= lower_score
