-- Every asking has one delay class: they add up to all that was asked and answered.
with delays as (
    select
        metric,
        sum(asked) as asked,
        sum(answered) as answered,
        max(
            case when is_suppressed and coalesce(score, ci_low, ci_high, score_difference) is not null then 1 end
        ) as shown,
        max(case when counted > answered or answered > asked then 1 end) as impossible
    from {{ ref('survey_delays') }}
    group by metric
),

response as (
    select * from {{ ref('survey_response') }}
    where response_dimension = 'all' and period_grain = 'all' and asked > 0
)

select
    coalesce(delays.metric, response.metric) as metric,
    delays.asked,
    response.asked as response_asked,
    delays.answered,
    response.answered as response_answered
from delays
full outer join response on delays.metric = response.metric
where
    delays.asked is distinct from response.asked
    or delays.answered is distinct from response.answered
    or delays.shown = 1
    or delays.impossible = 1
