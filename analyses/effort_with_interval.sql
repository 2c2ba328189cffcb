-- One row per channel: mean effort of all answers, 1 to 7, with Student's t interval.
with answers as (
    select * from {{ ref('fct_survey_answers') }}
    where metric = 'effort' and is_counted
),

-- The interval wants columns, not aggregates: sums first.
sums as (
    select
        coalesce(channel, 'unknown') as channel,
        count(*) as counted,
        sum(score) as score_total,
        sum(score * score) as score_square_total
    from answers
    group by coalesce(channel, 'unknown')
)

select
    channel,
    counted,
    cast(score_total as {{ type_double() }}) / counted as mean_effort,
    {{ t_bound('score_total', 'score_square_total', 'counted', '-') }} as ci_low,
    {{ t_bound('score_total', 'score_square_total', 'counted', '+') }} as ci_high
from sums
where counted >= {{ min_answers() }}
order by mean_effort desc
