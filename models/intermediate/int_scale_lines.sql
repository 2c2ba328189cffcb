-- One row per scale version and line between two neighbouring cut points, and one for each open end: no points fall
-- through.
with scale as (
    select * from {{ ref('int_engagement_scale') }}
),

upper_ends as (
    select
        scale_version,
        is_in_use,
        points as from_points,
        lead(points) over cuts as to_points,
        score as from_score,
        coalesce(lead(score) over cuts, score) as to_score,
        row_number() over cuts as cut_number
    from scale
    window cuts as (partition by scale_version order by points)
),

lower_ends as (
    select
        scale_version,
        is_in_use,
        cast(null as decimal(18, 6)) as from_points,
        from_points as to_points,
        from_score,
        from_score as to_score
    from upper_ends
    where cut_number = 1
)

select
    scale_version,
    is_in_use,
    from_points,
    to_points,
    from_score,
    to_score
from upper_ends
union all
select * from lower_ends
