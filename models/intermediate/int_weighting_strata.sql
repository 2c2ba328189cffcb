-- One row per metric of shares, period with answers and stratum: the customers it stands for, and its answers.
with answers as (
    select * from {{ ref('int_counted_answers') }}
),

metrics as (
    select * from {{ ref('survey_metrics') }}
    where score_kind in ('net_share', 'positive_share')
),

customers as (
    select * from {{ ref('int_weighting_customers') }}
),

guides as (
    select * from {{ ref('int_survey_guides') }}
),

cells as (
    select
        period_grain,
        period_start,
        stratum,
        count(*) as customers
    from customers
    group by period_grain, period_start, stratum
),

metric_periods as (
    select distinct
        answers.metric,
        answers.period_grain,
        answers.period_start
    from answers
    inner join metrics on answers.metric = metrics.metric
),

-- Who answered after it had left belongs to no stratum.
cell_answers as (
    select
        answers.metric,
        customers.period_grain,
        customers.period_start,
        customers.stratum,
        sum(answers.counted) as answers,
        sum(answers.positive) as positives,
        sum(answers.negative) as negatives
    from answers
    inner join customers
        on answers.period_grain = customers.period_grain
        and answers.period_start = customers.period_start
        and answers.customer_id = customers.customer_id
    group by answers.metric, customers.period_grain, customers.period_start, customers.stratum
),

-- Cells come from the customers: one without answers is there, and has to be spoken for by others.
compared as (
    select
        metric_periods.metric,
        cells.period_grain,
        cells.period_start,
        cells.stratum as cell,
        cells.customers,
        coalesce(cell_answers.answers, 0) as answers,
        coalesce(cell_answers.positives, 0) as positives,
        coalesce(cell_answers.negatives, 0) as negatives
    from metric_periods
    inner join cells
        on metric_periods.period_grain = cells.period_grain
        and metric_periods.period_start = cells.period_start
    left join cell_answers
        on metric_periods.metric = cell_answers.metric
        and cells.period_grain = cell_answers.period_grain
        and cells.period_start = cell_answers.period_start
        and cells.stratum = cell_answers.stratum
),

-- Few answers must not speak for a whole stratum: those with few are taken together. No cell is called `rest`.
collapsed as (
    select
        compared.*,
        case when compared.answers >= guides.answers_per_stratum then compared.cell else 'rest' end as stratum
    from compared
    cross join guides
)

select
    metric,
    period_grain,
    period_start,
    stratum,
    cast(sum(customers) as bigint) as customers,
    cast(sum(answers) as bigint) as answers,
    cast(sum(positives) as bigint) as positives,
    cast(sum(negatives) as bigint) as negatives,
    case when stratum = 'rest' then {{ ordered_list('cell', 'cell', '; ') }} end as collapsed_cells
from collapsed
group by metric, period_grain, period_start, stratum
