-- One row per scale version and cut point: every frozen scale, and the population's of today.
with frozen as (
    select * from {{ ref('engagement_scale') }}
),

shares as (
    select * from {{ ref('population_scale') }}
),

population as (
    select
        *,
        row_number() over (order by points) as position,
        count(*) over () as customers
    from {{ ref('int_scale_population') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Nearest rank, no interpolation: cut points are observed points, the same on every engine.
ranked as (
    select
        min(population.points) as points,
        shares.score
    from shares
    inner join population on population.position >= shares.point_share * population.customers
    group by shares.score
    -- With negative weights a rank may lie below 0, where the scale begins.
    having min(population.points) > 0
    union all
    select
        0 as points,
        1 as score
),

cuts as (
    select
        scale_version,
        points,
        score,
        scale_version = max(scale_version) over () as is_in_use
    from frozen
    union all
    select
        'population-' || cast(as_of.scale_date as {{ dbt.type_string() }}) as scale_version,
        ranked.points,
        -- Where cut points coincide the lowest score holds: a typical customer scores 50, not 100.
        min(ranked.score) as score,
        not exists (select 1 from frozen) as is_in_use
    from ranked
    cross join as_of
    where as_of.scale_date is not null
    group by as_of.scale_date, ranked.points
)

select
    scale_version,
    cast(points as decimal(18, 6)) as points,
    cast(score as decimal(9, 6)) as score,
    is_in_use
from cuts
