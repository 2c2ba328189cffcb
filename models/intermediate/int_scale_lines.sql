-- One row per line between two neighbouring cut points of the scale, and one for each open end: no points fall through.
with scale as (
    select * from {{ ref('int_engagement_scale') }}
),

upper_ends as (
    select
        scale_version,
        points as from_points,
        lead(points) over (order by points) as to_points,
        score as from_score,
        coalesce(lead(score) over (order by points), score) as to_score
    from scale
),

lower_end as (
    select
        scale_version,
        cast(null as decimal(18, 6)) as from_points,
        points as to_points,
        score as from_score,
        score as to_score
    from scale
    where points = (select min(cuts.points) from scale as cuts)
)

select * from upper_ends
union all
select * from lower_end
