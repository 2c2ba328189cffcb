-- One row per segment and metric that fell: which segments were less engaged at the end of the last complete month than
-- a month before, and whose survey scores of the last complete quarter fell by more than noise.
with engagement as (
    select * from {{ ref('segment_engagement') }}
),

surveys as (
    select * from {{ ref('survey_scores') }}
),

last_days as (
    select
        {{ add_days(month_start(add_days('as_of_date', 1)), -1) }} as last_date,
        {{ add_days(add_months(month_start(add_days('as_of_date', 1)), -1), -1) }} as previous_date
    from engagement
    group by as_of_date
),

fallen_engagement as (
    select
        'engagement' as metric,
        later.score_date as last_date,
        later.segment_dimension,
        later.segment_value,
        later.scored_customers as n,
        earlier.mean_score as previous_score,
        later.mean_score as score,
        later.mean_score - earlier.mean_score as score_change
    from last_days
    inner join engagement as later on last_days.last_date = later.score_date
    inner join engagement as earlier
        on last_days.previous_date = earlier.score_date
        and later.segment_dimension = earlier.segment_dimension
        and later.segment_value = earlier.segment_value
    where later.mean_score < earlier.mean_score
),

-- Of each metric the newest quarter that is over: one that has only begun has few answers.
quarters as (
    select
        metric,
        max(period_start) as period_start
    from surveys
    where period_grain = 'quarter' and period_end <= as_of_date
    group by metric
),

fallen_surveys as (
    select
        surveys.metric,
        surveys.period_end as last_date,
        surveys.segment_dimension,
        surveys.segment_value,
        surveys.counted as n,
        surveys.previous_score,
        surveys.score,
        surveys.score_change
    from surveys
    inner join quarters
        on surveys.metric = quarters.metric
        and surveys.period_start = quarters.period_start
    where surveys.period_grain = 'quarter' and surveys.is_change_significant and surveys.score_change < 0
)

select * from fallen_engagement
union all
select * from fallen_surveys
order by metric, score_change
