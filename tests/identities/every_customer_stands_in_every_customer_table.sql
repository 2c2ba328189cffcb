-- Everyone eligible appears, in each direction: scored, or with a reason.
with metrics as (
    select count(*) as metrics from {{ ref('survey_metrics') }}
),

dimensions as (
    select {{ segment_columns() | length }} + 1 as dimensions
),

places as (
    select
        customers.customer_id,
        scores.customer_id as scored_id,
        value_of.customer_id as valued_id,
        count(distinct surveys.metric) as metrics,
        count(distinct segments.segment_dimension) as dimensions
    from {{ ref('dim_customers') }} as customers
    full outer join {{ ref('customer_scores') }} as scores on customers.customer_id = scores.customer_id
    full outer join {{ ref('customer_value') }} as value_of on customers.customer_id = value_of.customer_id
    left join {{ ref('customer_survey_scores') }} as surveys on customers.customer_id = surveys.customer_id
    left join {{ ref('customer_segments') }} as segments on customers.customer_id = segments.customer_id
    group by customers.customer_id, scores.customer_id, value_of.customer_id
)

select places.*
from places
cross join metrics
cross join dimensions
where
    places.customer_id is null
    or places.scored_id is null
    or places.valued_id is null
    or places.metrics <> metrics.metrics
    or places.dimensions <> dimensions.dimensions
