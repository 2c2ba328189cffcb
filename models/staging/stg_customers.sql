-- One row per raw version of a customer, judged: accepted, a duplicate, or rejected with every reason that holds.
{%- set segments = (standard_segments() + segment_columns()) | unique | list %}
with raw_customers as (
    select * from {{ source('raw', 'customers') }}
),

typed as (
    select
        row_number,
        {{ clean_text('customer_id') }} as customer_id,
        {{ clean_text('customer_name') }} as customer_name,
        {%- for segment in segments %}
        {{ clean_text(segment) }} as {{ segment }},
        {%- endfor %}
        {{ parse_decimal('acquisition_cost') }} as acquisition_cost,
        {{ is_given('acquisition_cost') }} as has_acquisition_cost,
        {%- for time in ['updated_at', 'trial_started_at', 'subscribed_at', 'churned_at'] %}
        {{ is_given(time) }} as has_{{ time }},
        {{ parse_timestamp(time) }} as {{ time }},
        {%- endfor %}
        raw_row
    from raw_customers
),

reasoned as (
    select
        *,
        -- A version without a time is older than any other.
        coalesce(updated_at, cast('0001-01-01' as timestamp)) as version_time,
        -- The log has no load time: its order is the order of arrival.
        cast(null as timestamp) as load_time,
        {{ reject_reasons([
            ['missing_customer_id', 'customer_id is null'],
            ['unparsable_updated_at', 'has_updated_at and updated_at is null'],
            ['unparsable_trial_started_at', 'has_trial_started_at and trial_started_at is null'],
            ['unparsable_subscribed_at', 'has_subscribed_at and subscribed_at is null'],
            ['unparsable_churned_at', 'has_churned_at and churned_at is null'],
            ['implausible_time', is_implausible('updated_at') ~ ' or ' ~ is_implausible('trial_started_at')
                ~ ' or ' ~ is_implausible('subscribed_at') ~ ' or ' ~ is_implausible('churned_at')],
            ['invalid_acquisition_cost', '(has_acquisition_cost and acquisition_cost is null) or acquisition_cost < 0'],
        ]) }} as own_reasons
    from typed
),

{{ judge(
    id=['customer_id', 'version_time'],
    content=['customer_name'] + segments + ['acquisition_cost', 'trial_started_at', 'subscribed_at', 'churned_at']
) }}

select
    row_number,
    customer_id,
    customer_name,
    {%- for segment in segments %}
    {{ segment }},
    {%- endfor %}
    acquisition_cost,
    trial_started_at,
    subscribed_at,
    churned_at,
    updated_at,
    verdict,
    reject_reasons,
    case when verdict = 'rejected' then {{ row_as_text('raw_row') }} end as raw_row
from judged
