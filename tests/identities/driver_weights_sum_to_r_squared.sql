-- Weights split R² and leave nothing over; and a model rests on no more people than each of its drivers.
with drivers as (
    select * from {{ ref('nps_drivers') }}
),

kinds as (
    select
        driver_kind,
        max(r_squared) as r_squared,
        min(r_squared) as least_r_squared,
        sum(relative_weight) as weights,
        sum(share_of_r_squared) as shares,
        count(relative_weight) as weighed,
        max(driver_rank) as last_rank,
        count(distinct driver_rank) as ranks
    from drivers
    group by driver_kind
)

select
    drivers.driver_kind,
    drivers.driver,
    drivers.relative_weight,
    kinds.weights,
    kinds.r_squared,
    kinds.shares
from drivers
inner join kinds on drivers.driver_kind = kinds.driver_kind
where
    kinds.r_squared <> kinds.least_r_squared
    or abs(kinds.weights - kinds.r_squared) > 0.0000001
    -- Of a smaller R² the nine places of a weight are too few for its share.
    or (kinds.r_squared > 0.001 and abs(kinds.shares - 1) > 0.0001)
    or kinds.r_squared not between 0 and 1
    or coalesce(kinds.last_rank, 0) <> kinds.weighed
    or kinds.ranks <> kinds.weighed
    or drivers.relative_weight < 0
    or drivers.relative_weight_low > drivers.relative_weight_high
    or abs(drivers.correlation) > 1
    or drivers.r_squared_p_value not between 0.001 and 1
    or (drivers.relative_weight is null) <> (drivers.note is not null and drivers.note <> 'collinear')
    or (
        drivers.driver_kind = 'component'
        and drivers.relative_weight is not null
        and drivers.model_respondents > drivers.respondents
    )
