-- One row per event type that is a purchase or a refund, and month in which it happened: what it brought, and by whom.
with transactions as (
    select
        *,
        {{ month_start('activity_date') }} as period_start,
        purchases + refunds as transactions,
        gross_revenue - refunded as revenue
    from {{ ref('int_transactions') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

scores as (
    select * from {{ ref('fct_engagement_scores') }}
),

-- One line per customer first, so that its score counts once.
buyers as (
    select
        event_type,
        role,
        period_start,
        customer_id,
        sum(transactions) as transactions,
        sum(revenue) as revenue
    from transactions
    group by event_type, role, period_start, customer_id
),

months as (
    select
        periods.*,
        as_of.as_of_date,
        {{ month_end('periods.period_start') }} as period_end
    from (select distinct transactions.period_start from transactions) as periods
    cross join as_of
),

-- Few days of a long history: who scored on the last day of a month that has come.
month_scores as (
    select
        months.period_start,
        scores.customer_id,
        scores.engagement_score
    from scores
    inner join months on scores.score_date = least(months.period_end, months.as_of_date)
),

totals as (
    select
        buyers.event_type,
        buyers.role,
        buyers.period_start,
        sum(buyers.transactions) as transactions,
        sum(buyers.revenue) as revenue,
        count(*) as customers,
        count(month_scores.engagement_score) as scored_customers,
        sum(month_scores.engagement_score) as score_total
    from buyers
    left join month_scores
        on buyers.customer_id = month_scores.customer_id
        and buyers.period_start = month_scores.period_start
    group by buyers.event_type, buyers.role, buyers.period_start
)

select
    totals.event_type,
    totals.period_start,
    months.period_end,
    months.period_end <= months.as_of_date as is_complete,
    totals.role,
    cast(totals.transactions as bigint) as transactions,
    cast(totals.revenue as decimal(38, 6)) as revenue,
    {{ ratio(
        'totals.revenue',
        "sum(case when totals.role = 'purchase' then totals.revenue end) over (partition by totals.period_start)"
    ) }} as revenue_share,
    totals.customers,
    totals.scored_customers,
    {{ ratio('totals.score_total', 'totals.scored_customers') }} as mean_engagement_score,
    {{ build_columns() }}
from totals
inner join months on totals.period_start = months.period_start
