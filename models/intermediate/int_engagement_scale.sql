-- One row per cut point of the scale in use: the last frozen one, or the population's of today.
with frozen as (
    select * from {{ ref('engagement_scale') }}
    where scale_version = (select max(latest.scale_version) from {{ ref('engagement_scale') }} as latest)
),

shares as (
    select * from {{ ref('population_scale') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

windows as (
    select * from {{ ref('int_engagement_status') }}
),

-- Today, unless nobody is active today: then the last day on which somebody was.
population_date as (
    select coalesce(max(windows.score_date), min(as_of.as_of_date)) as score_date
    from as_of
    left join windows on windows.status = 'active'
),

population as (
    select
        windows.points,
        row_number() over (order by windows.points) as position,
        count(*) over () as customers
    from windows
    inner join population_date on windows.score_date = population_date.score_date
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
        'population-' || cast(population_date.score_date as varchar) as scale_version,
        ranked.points,
        -- Where cut points coincide the lowest score holds: a typical customer scores 50, not 100.
        min(ranked.score) as score
    from ranked
    cross join population_date
    where not exists (select 1 from frozen)
    group by population_date.score_date, ranked.points
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
