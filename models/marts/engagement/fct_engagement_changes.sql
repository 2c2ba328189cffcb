-- One row per customer, score date, event type and effect: why points differ from one window earlier; rows sum to the
-- difference exactly.
{{ config(materialized='view') }}
{%- set window_days = score_window_days() %}
with scores as (
    select * from {{ ref('fct_engagement_scores') }}
    where previous_points is not null
),

activity as (
    select * from {{ ref('int_activity_daily') }}
),

weights as (
    select * from {{ ref('engagement_weights') }}
),

decay as (
    select * from {{ ref('engagement_decay') }}
),

lines as (
    select
        scores.customer_id,
        scores.score_date,
        scores.build_id,
        scores.as_of_date,
        activity.event_type,
        activity.event_count,
        {{ days_between('activity.activity_date', 'scores.score_date') }} as age,
        {{ line_points('weights.weight', 'activity.event_count', 'decay.factor') }} as points,
        {{ line_points('weights.weight', 'activity.event_count', '1') }} as undecayed
    from scores
    inner join activity
        on scores.customer_id = activity.customer_id
        and scores.score_date >= activity.activity_date
        and scores.score_date < {{ add_days('activity.activity_date', 2 * window_days) }}
    inner join decay
        on {{ days_between('activity.activity_date', 'scores.score_date') }} % {{ window_days }} >= decay.age_from
        and {{ days_between('activity.activity_date', 'scores.score_date') }} % {{ window_days }} <= decay.age_to
    left join weights on {{ weight_in_force('weights', 'activity') }}
),

totals as (
    select
        customer_id,
        score_date,
        event_type,
        build_id,
        {%- for column in ['event_count', 'points', 'undecayed'] %}
        sum(case when age < {{ window_days }} then {{ column }} else 0 end) as {{ column }},
        sum(case when age >= {{ window_days }} then {{ column }} else 0 end) as earlier_{{ column }},
        {%- endfor %}
        as_of_date
    from lines
    group by customer_id, score_date, event_type, build_id, as_of_date
),

-- What is new is volume. Else volume is what the other number of events would have earned at the earlier average worth.
volumes as (
    select
        *,
        case
            when earlier_event_count = 0 then undecayed
            else {{ share_of('earlier_undecayed', 'event_count - earlier_event_count', 'earlier_event_count') }}
        end as volume
    from totals
),

effects as (
    {%- for effect, change in {
        'volume': 'volume',
        'weight': 'undecayed - earlier_undecayed - volume',
        'decay': '(points - undecayed) - (earlier_points - earlier_undecayed)',
    }.items() %}
    select
        *,
        '{{ effect }}' as effect,
        cast({{ change }} as decimal(18, 6)) as points_change
    from volumes
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    customer_id,
    score_date,
    event_type,
    effect,
    points_change,
    build_id,
    as_of_date
from effects
where points_change <> 0
