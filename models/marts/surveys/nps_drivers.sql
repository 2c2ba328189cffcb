-- One row per driver of NPS: how much of NPS it explains beside the others of its kind, and on how many people.
with weighed as (
    select * from {{ ref('int_driver_weights') }}
)

select
    driver_kind,
    driver,
    respondents,
    correlation,
    case when correlation > 0 then 'positive' when correlation < 0 then 'negative' end as direction,
    model_respondents,
    model_customers,
    r_squared,
    r_squared_p_value,
    standardised_coefficient,
    relative_weight,
    relative_weight_low,
    relative_weight_high,
    relative_weight / nullif(r_squared, 0) as share_of_r_squared,
    case
        when relative_weight is not null
            then row_number() over (partition by driver_kind order by -relative_weight nulls last, driver)
    end as driver_rank,
    is_small_sample,
    note,
    {{ build_columns() }}
from weighed
