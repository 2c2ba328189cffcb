-- One row per score date and number of points that a scored customer has: the score and the percentile they earn.
{#
  Points are ranked, not scores, since clamped scores would tie; and each number of points once, since a rank over all rows
  costs far more.
#}
with windows as (
    select * from {{ ref('int_engagement_windows') }}
    where is_scored
),

scale_lines as (
    select * from {{ ref('int_scale_lines') }}
    where is_in_use
),

bands as (
    select * from {{ ref('int_score_bands') }}
    where metric = 'engagement'
),

counts as (
    select
        score_date,
        points,
        event_count = 0 as is_silent,
        count(*) as customers
    from windows
    group by score_date, points, is_silent
),

ranked as (
    select
        *,
        sum(customers) over (
            partition by score_date order by points range between unbounded preceding and current row
        ) - sum(customers) over (partition by score_date, points) as customers_below,
        sum(customers) over (partition by score_date) as customers_in_all
    from counts
),

scored as (
    select
        ranked.score_date,
        ranked.points,
        ranked.is_silent,
        {{ score_of('ranked.points', 'case when ranked.is_silent then 0 end', 'scale_lines') }} as engagement_score,
        {{ share_in_percent('ranked.customers_below', 'ranked.customers_in_all - 1') }} as engagement_percentile
    from ranked
    left join scale_lines on {{ on_line('scale_lines', 'ranked.points') }}
)

select
    scored.*,
    bands.band_number
from scored
left join bands
    on scored.engagement_score >= bands.lower_edge
    and (bands.upper_edge is null or scored.engagement_score < bands.upper_edge)
