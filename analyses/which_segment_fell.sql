-- One row per segment and metric that fell: which segments were less engaged at the end of the last month than a month
-- before, and whose survey scores fell by more than noise.
with engagement as (
    select * from {{ ref('segment_engagement') }}
),

surveys as (
    select * from {{ ref('survey_scores') }}
),

last_days as (
    select
        {{ add_days(month_start('as_of_date'), -1) }} as last_date,
        {{ add_days(add_months(month_start('as_of_date'), -1), -1) }} as previous_date
    from engagement
    group by as_of_date
),

fallen_engagement as (
    select
        'engagement' as metric,
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

fallen_surveys as (
    select
        metric,
        segment_dimension,
        segment_value,
        counted as n,
        previous_score,
        score,
        score_change
    from surveys
    where period_grain = 'quarter' and is_change_significant and score_change < 0
)

select * from fallen_engagement
union all
select * from fallen_surveys
order by metric, score_change
