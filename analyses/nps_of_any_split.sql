-- One row per touchpoint and channel: the NPS of a split that no mart has, from additive columns, with its interval.
with answers as (
    select * from {{ ref('fct_survey_answers') }}
    where metric = 'nps'
),

counts as (
    select
        coalesce(touchpoint, 'unknown') as touchpoint,
        coalesce(channel, 'unknown') as channel,
        sum(positive) as promoters,
        sum(negative) as detractors,
        sum(cast(is_counted as integer)) as counted
    from answers
    group by coalesce(touchpoint, 'unknown'), coalesce(channel, 'unknown')
)

select
    touchpoint,
    channel,
    counted,
    {{ nps('promoters', 'detractors', 'counted') }} as nps,
    {{ nps_bound('promoters', 'detractors', 'counted', '-') }} as ci_low,
    {{ nps_bound('promoters', 'detractors', 'counted', '+') }} as ci_high
from counts
where counted >= {{ min_answers() }}
order by nps desc
