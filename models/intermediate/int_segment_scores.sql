-- One row per segment dimension, value and score date: how engaged the customers are who were in the segment on that
-- date.
{%- set quantiles = {'p10_score': '0.1', 'median_score': '0.5', 'p90_score': '0.9'} %}
{%- set bands = ['at risk', 'low', 'medium', 'high'] %}
with counts as (
    select
        score_counts.*,
        bands.band as engagement_band
    from {{ ref('int_score_counts') }} as score_counts
    left join {{ ref('int_score_bands') }} as bands
        on score_counts.band_number = bands.band_number
        and bands.metric = 'engagement'
),

ranked as (
    select
        *,
        engagement_score is not null as is_scored,
        case when engagement_score is not null then customers else 0 end as scored,
        sum(customers) over (
            partition by segment_dimension, segment_value, score_date, engagement_score is not null
            order by engagement_score
        ) as customers_up_to,
        sum(customers) over (
            partition by segment_dimension, segment_value, score_date, engagement_score is not null
        ) as customers_in_all
    from counts
)

select
    segment_dimension,
    segment_value,
    score_date,
    cast(sum(customers) as bigint) as customers,
    cast(sum(scored) as bigint) as scored_customers,
    {%- for column, share in quantiles.items() %}
    -- Nearest rank: a score that somebody has.
    cast(min(case when customers_up_to >= {{ share }} * customers_in_all then engagement_score end) as decimal(9, 6))
        as {{ column }},
    {%- endfor %}
    {%- for band in bands %}
    cast(sum(case when engagement_band = '{{ band }}' then customers else 0 end) as bigint)
        as {{ band | replace(' ', '_') }}_customers,
    {%- endfor %}
    -- Scores are decimals, so that their sum is exact in any order.
    {{ ratio('sum(engagement_score * customers)', 'sum(scored)') }} as mean_score
from ranked
group by segment_dimension, segment_value, score_date
