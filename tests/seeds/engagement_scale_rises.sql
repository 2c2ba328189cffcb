-- A scale that falls, or leaves 1 to 100, would rank customers wrongly.
with cuts as (
    select
        scale_version,
        points,
        score,
        lag(score) over (partition by scale_version order by points) as lower_score,
        count(*) over (partition by scale_version, points) as copies,
        count(*) over (partition by scale_version) as cuts
    from {{ ref('engagement_scale') }}
)

select
    'engagement_scale.csv: scale ' || coalesce(scale_version, '(no name)') || ' is wrong at '
    || coalesce(cast(points as {{ dbt.type_string() }}), 'no') || ' points: it needs two or more cut points, '
    || 'each with more points and a higher score, 1 to 100, than the one before.' as problem
from cuts
where
    scale_version is null
    or points is null
    or score is null
    or score not between 1 and 100
    or score <= lower_score
    or copies > 1
    or cuts < 2
