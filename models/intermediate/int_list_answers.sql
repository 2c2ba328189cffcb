-- One row per customer and list date by which it had answered within a year: what it last said, by metric.
{%- set metrics = ['nps', 'csat', 'effort'] %}
with answers as (
    select * from {{ ref('int_answers') }}
    where is_answered
),

list_dates as (
    select * from {{ ref('int_list_dates') }}
),

-- People of one account who answer on one day speak for it together.
days as (
    select
        customers.customer_number,
        answers.metric,
        answers.period_date as answered_date,
        {{ ratio('sum(answers.score)', 'count(*)') }} as score
    from answers
    inner join {{ ref('int_customers') }} as customers on answers.customer_id = customers.customer_id
    group by customers.customer_number, answers.metric, answers.period_date
),

spans as (
    select
        *,
        lead(answered_date) over (partition by customer_number, metric order by answered_date) as next_answered_date
    from days
)

select
    spans.customer_number,
    {%- for metric in metrics %}
    max(case when spans.metric = '{{ metric }}' then spans.score end) as last_{{ metric }},
    {%- endfor %}
    list_dates.list_date
from spans
inner join list_dates
    on spans.answered_date <= list_dates.list_date
    and {{ add_days('spans.answered_date', answer_days()) }} > list_dates.list_date
    and (spans.next_answered_date is null or spans.next_answered_date > list_dates.list_date)
group by spans.customer_number, list_dates.list_date
