-- One row per cut point of the scale in use: the last frozen one, or the population's on the as-of date.
with frozen as (
    select * from {{ ref('engagement_scale') }}
    where scale_version = (select max(latest.scale_version) from {{ ref('engagement_scale') }} as latest)
),

shares as (
    select * from {{ ref('population_scale') }}
),

windows as (
    select * from {{ ref('int_engagement_status') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

population as (
    select
        windows.points,
        row_number() over (order by windows.points) as position,
        count(*) over () as customers
    from windows
    inner join as_of on windows.score_date = as_of.as_of_date
    where windows.status = 'active'
),

-- Nearest rank, no interpolation: cut points are observed points, the same on every engine.
ranked as (
    select
        min(population.points) as points,
        shares.score
    from shares
    inner join population on population.position >= shares.point_share * population.customers
    group by shares.score
    union all
    select
        0 as points,
        1 as score
),

observed as (
    select
        'population-' || cast(as_of.as_of_date as varchar) as scale_version,
        ranked.points,
        -- Where cut points coincide the lowest score holds: a typical customer scores 50, not 100.
        min(ranked.score) as score
    from ranked
    cross join as_of
    where not exists (select 1 from frozen)
    group by as_of.as_of_date, ranked.points
)

select
    scale_version,
    cast(points as decimal(18, 6)) as points,
    cast(score as decimal(9, 6)) as score
from frozen
union all
select
    scale_version,
    cast(points as decimal(18, 6)) as points,
    cast(score as decimal(9, 6)) as score
from observed
