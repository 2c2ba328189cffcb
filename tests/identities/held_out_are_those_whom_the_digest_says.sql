-- Nobody is held out, or listed, by anything but name, signal and share: the digest is read again here, digit by digit.
{%- set digits = [] %}
{%- for position in range(1, 9) %}
    {%- do digits.append(
        "(cast(position(substr(digest, " ~ position ~ ", 1) in '0123456789abcdef') as bigint) - 1) * " ~ 16 ** (8 - position)
    ) %}
{%- endfor %}
with digests as (
    select
        *,
        md5(customer_id || '|' || signal) as digest
    from {{ ref('signal_history') }}
),

buckets as (
    select
        *,
        ({{ digits | join(' + ') }}) % 1000000 as bucket
    from digests
)

select
    buckets.customer_id,
    buckets.signal,
    buckets.bucket,
    buckets.is_held_out,
    outcomes.holdout_share
from buckets
left join {{ ref('signal_outcomes') }} as outcomes on buckets.signal = outcomes.signal
where buckets.is_held_out <> coalesce(buckets.bucket < outcomes.holdout_share * 1000000, false)
