-- One row per customer and metric: what the customer was asked and answered over all time, silence included.
with customers as (
    select * from {{ ref('int_customers') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
),

answers as (
    select * from {{ ref('int_answers') }}
),

totals as (
    select
        answers.customer_id,
        answers.metric,
        {{ survey_sums(
            'answers',
            counts=counts_within('all'),
            columns=['asked', 'answered', 'counted', 'positives', 'negatives', 'score_total', 'scale_min', 'scale_max']
        ) }}
    from answers
    group by answers.customer_id, answers.metric
),

last_answers as (
    select
        customer_id,
        metric,
        score as last_score,
        answered_at as last_answered_at,
        row_number() over (partition by customer_id, metric order by answered_at desc, answer_id desc) as recency
    from answers
    where is_answered
),

-- Everybody appears for every metric: silence has classes, and none of them is a zero.
scored as (
    select
        customers.customer_id,
        metrics.metric,
        coalesce(totals.asked, 0) as asked,
        coalesce(totals.answered, 0) as answered,
        coalesce(totals.counted, 0) as counted,
        {{ survey_score() }} as score
    from customers
    cross join metrics
    left join totals
        on customers.customer_id = totals.customer_id
        and metrics.metric = totals.metric
)

select
    scored.customer_id,
    scored.metric,
    scored.asked,
    scored.answered,
    scored.counted,
    scored.score,
    last_answers.last_score,
    last_answers.last_answered_at,
    case
        when scored.answered > 0 then 'answered'
        when scored.asked > 0 then 'no_answer'
        else 'not_asked'
    end as response_class,
    {{ build_columns() }}
from scored
left join last_answers
    on scored.customer_id = last_answers.customer_id
    and scored.metric = last_answers.metric
    and last_answers.recency = 1
