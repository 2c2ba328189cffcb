-- One row per event type and activity date on which the type all but vanished, as where it is no longer recorded.
with expected as (
    select * from {{ ref('int_expected_events') }}
),

activity as (
    select * from {{ ref('int_activity_daily') }}
),

rules as (
    select * from {{ ref('instrumentation_rules') }}
),

weeks as (
    select weeks.weeks_ago from (values (0), (1), (2), (3), (4)) as weeks (weeks_ago)
),

all_types as (
    select
        activity_date,
        sum(event_count) as event_count,
        sum(expected_events) as expected_events
    from expected
    group by activity_date
),

-- Whoever is expected is expected with an event at least, so that events alone say where to look: customers can only
-- be counted in the ledger, of which these few days are read.
candidates as (
    select
        expected.*,
        rules.max_share,
        rules.min_expected_customers
    from expected
    cross join rules
    where
        expected.expected_events >= rules.min_expected_customers
        and expected.event_count <= rules.max_share * expected.expected_events
),

candidate_weeks as (
    select
        candidates.event_type,
        candidates.activity_date,
        weeks.weeks_ago,
        {{ add_days('candidates.activity_date', '-7 * weeks.weeks_ago') }} as counted_date
    from candidates
    cross join weeks
),

customers_of_days as (
    select
        candidate_weeks.event_type,
        candidate_weeks.activity_date,
        candidate_weeks.weeks_ago,
        count(distinct activity.customer_id) as customers
    from candidate_weeks
    inner join activity
        on candidate_weeks.event_type = activity.event_type
        and candidate_weeks.counted_date = activity.activity_date
    group by candidate_weeks.event_type, candidate_weeks.activity_date, candidate_weeks.weeks_ago
),

candidate_customers as (
    select
        event_type,
        activity_date,
        coalesce(sum(case when weeks_ago = 0 then customers end), 0) as customers,
        {{ median_of_four('case when weeks_ago > 0 then customers end') }} as expected_customers
    from customers_of_days
    group by event_type, activity_date
)

select
    candidates.event_type,
    candidates.activity_date,
    candidates.event_count,
    cast(candidates.expected_events as {{ type_double() }}) as expected_events,
    cast(counts.customers as bigint) as customers,
    cast(counts.expected_customers as {{ type_double() }}) as expected_customers,
    {{ ratio(
        'all_types.event_count - candidates.event_count', 'all_types.expected_events - candidates.expected_events'
    ) }} as other_types_share,
    {{ build_columns() }}
from candidates
inner join candidate_customers as counts
    on candidates.event_type = counts.event_type
    and candidates.activity_date = counts.activity_date
inner join all_types on candidates.activity_date = all_types.activity_date
where
    counts.expected_customers >= candidates.min_expected_customers
    and counts.customers <= candidates.max_share * counts.expected_customers
