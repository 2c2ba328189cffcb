-- One row per customer that has not churned and trait: what it is today, in whole numbers, which add up exactly.
{#- Trait: column, and units in one. A segment column has no space in its name, so that none is taken for these. -#}
{%- set measures = {
    'engagement score': ['engagement_score', 1000000],
    'spend in 365 days': ['spend', 100],
    'days since first seen': ['tenure_days', 1],
} %}
with customers as (
    select * from {{ ref('int_customers') }}
    where churned_date is null
),

ledger as (
    select * from {{ ref('int_activity_daily') }}
),

scores as (
    select * from {{ ref('int_engagement_scores') }}
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

segments as (
    select * from {{ ref('int_segment_history') }}
    where valid_to is null and segment_dimension <> 'all'
),

spend as (
    select
        customers.customer_id,
        cast(sum(ledger.amount) as decimal(24, 2)) as amount
    from customers
    inner join ledger
        on customers.customer_id = ledger.customer_id
        and customers.as_of_date >= ledger.activity_date
        and ledger.activity_date > {{ add_days('customers.as_of_date', -365) }}
    group by customers.customer_id
),

profiles as (
    select
        customers.customer_id,
        {{ days_between('customers.first_seen_date', 'customers.as_of_date') }} as tenure_days,
        -- Nobody's purchases are unknown: who bought nothing has spent nothing.
        coalesce(spend.amount, 0) as spend,
        scores.engagement_score,
        coalesce(bands.band, 'not scored') as engagement_band
    from customers
    left join spend on customers.customer_id = spend.customer_id
    left join scores
        on customers.customer_id = scores.customer_id
        and customers.as_of_date = scores.score_date
    left join bands on scores.band_number = bands.band_number
)

{%- for trait, measure in measures.items() %}
select
    customer_id,
    '{{ trait }}' as trait,
    'mean' as trait_value,
    {{ measure[1] }} as units,
    cast({{ measure[0] }} * {{ measure[1] }} as decimal(38, 0)) as amount
from profiles
where {{ measure[0] }} is not null
union all
{%- endfor %}
select
    customer_id,
    'engagement band' as trait,
    engagement_band as trait_value,
    cast(null as integer) as units,
    cast(1 as decimal(38, 0)) as amount
from profiles
union all
select
    customers.customer_id,
    segments.segment_dimension as trait,
    segments.segment_value as trait_value,
    cast(null as integer) as units,
    cast(1 as decimal(38, 0)) as amount
from customers
inner join segments on customers.customer_id = segments.customer_id
