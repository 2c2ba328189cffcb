-- One row per answer in whose place a later one of the respondent counts: from which day on.
with answers as (
    select * from {{ ref('int_dated_answers') }}
    where is_answered and counting = 'latest_per_respondent'
),

followed as (
    select
        row_number,
        lead(period_date) over (
            partition by metric, customer_id, coalesce(respondent_id, '')
            order by answered_at, answer_id
        ) as superseded_date
    from answers
)

select * from followed
where superseded_date is not null
