-- One row per customer, cutoff and event type: what the window that ends that day held, of what was loaded by then.
with activity as (
    select * from {{ ref('int_activity_daily') }}
),

weights as (
    select * from {{ ref('int_activity_dates') }}
),

decay as (
    select * from {{ ref('int_decay_steps') }}
),

-- Horizons share some of their cutoffs.
cutoffs as (
    select distinct cutoff_date from {{ ref('int_backtest_cutoffs') }}
),

known as (
    select
        activity.customer_id,
        activity.activity_date,
        activity.event_type,
        activity.event_count,
        cutoffs.cutoff_date,
        {{ days_between('activity.activity_date', 'cutoffs.cutoff_date') }} as age
    from activity
    inner join cutoffs
        on activity.load_date <= cutoffs.cutoff_date
        and activity.activity_date <= cutoffs.cutoff_date
        and activity.activity_date > {{ add_days('cutoffs.cutoff_date', -score_window_days()) }}
)

select
    known.customer_id,
    known.cutoff_date,
    known.event_type,
    cast(sum(known.event_count) as bigint) as event_count,
    -- What the events count for after decay, before any weight.
    cast(sum({{ line_points('1', 'known.event_count', 'decay.factor') }}) as decimal(18, 6)) as decayed_count,
    cast(sum({{ line_points('weights.weight', 'known.event_count', 'decay.factor') }}) as decimal(18, 6)) as points
from known
inner join decay
    on known.age >= decay.age_from
    and known.age <= decay.age_to
inner join weights
    on known.activity_date = weights.activity_date
    and known.event_type = weights.event_type
group by known.customer_id, known.cutoff_date, known.event_type
