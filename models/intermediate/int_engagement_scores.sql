-- One row per customer and score date: the score, and what stands beside it.
{%- set window_days = score_window_days() %}
{#-
  One window earlier is so many rows earlier, which costs half, where every day is there: in a full build. Else only days that are a multiple
  of the window apart follow each other.
#}
{%- set rows = 1 if is_incremental() else window_days %}
{%- set windows_before = [window_days, 2 * window_days, 3 * window_days, 4 * window_days] %}
{%- set apart = days_between("cast('1999-01-01' as date)", 'score_date') ~ ' % ' ~ window_days %}
{%- set series = 'customer_number' ~ (', ' ~ apart if is_incremental() else '') %}
{%- set columns = 'customer_number score_date is_scored points event_count active_days active_users'.split() %}
{%- set observed_days = '(' ~ days_between('customers.observed_from', 'compared.score_date') ~ ' + 1)' %}
{%- set has_previous = observed_days ~ ' > ' ~ window_days %}
with customers as (
    select * from {{ ref('int_customers') }}
),
{%- if is_incremental() %}

-- What stands, and what a day that is made anew compares itself with.
earlier_dates as (
    select distinct earlier.score_date
    from {{ ref('int_score_dates') }} as dates
    inner join {{ ref('int_score_dates') }} as earlier
        on {{ days_between('earlier.score_date', 'dates.score_date') }} in ({{ windows_before | join(', ') }})
    where dates.is_stale and not earlier.is_stale
),

kept as (
    select
        customers.customer_number,
        scores.score_date,
        scores.points,
        scores.engagement_score
    from {{ this }} as scores
    inner join customers on scores.customer_id = customers.customer_id
    inner join earlier_dates on scores.score_date = earlier_dates.score_date
),
{%- endif %}

scored as (
    select
        {%- for column in columns %}
        windows.{{ column }},
        {%- endfor %}
        point_scores.engagement_score,
        point_scores.engagement_percentile,
        point_scores.band_number,
        true as is_stale
    from {{ ref('int_engagement_windows') }} as windows
    left join {{ ref('int_point_scores') }} as point_scores
        on windows.score_date = point_scores.score_date
        and windows.points = point_scores.points
        and (windows.event_count = 0) = point_scores.is_silent
        and windows.is_scored
    {%- if is_incremental() %}
    union all
    select customer_number, score_date, null, points, null, null, null, engagement_score, null, null, false
    from kept
    {%- endif %}
),

compared as (
    select
        *,
        lag(engagement_score, {{ rows }}) over history as earlier_score,
        lag(points, {{ rows }}) over history as earlier_points,
        {%- for windows in [1, 2, 3, 4] %}
        {{ '+ ' if not loop.first }}lag(points, {{ windows * rows }}) over history
        {%- endfor %} as four_windows_points
    from scored
    window history as (partition by {{ series }} order by score_date)
)

select
    customers.customer_id,
    compared.score_date,
    -- The row of the churn day says so, and keeps the score that the customer had earned.
    cast(case
        when compared.score_date = customers.churned_date then {{ status_number('churned') }}
        when {{ observed_days }} < {{ window_days }} then {{ status_number('too_new') }}
        when not compared.is_scored then {{ status_number('never_active') }}
        when compared.event_count = 0 then {{ status_number('silent') }}
        else {{ status_number('active') }}
    end as smallint) as status_number,
    cast(compared.event_count as bigint) as event_count,
    cast(compared.active_days as bigint) as active_days,
    cast(compared.active_users as bigint) as active_users,
    compared.points,
    compared.engagement_score,
    cast(compared.engagement_percentile as decimal(9, 6)) as engagement_percentile,
    cast(compared.band_number as smallint) as band_number,
    case
        when {{ observed_days }} >= {{ 5 * window_days }}
            then {{ ratio('4 * compared.points', 'compared.four_windows_points') }}
    end as baseline_ratio,
    cast(case when {{ has_previous }} then compared.earlier_points end as decimal(18, 6)) as previous_points,
    cast(case when {{ has_previous }} then compared.earlier_score end as decimal(9, 6)) as previous_score
from compared
inner join customers on compared.customer_number = customers.customer_number
where compared.is_stale
