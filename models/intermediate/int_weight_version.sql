-- One row: a fingerprint of the weights in use, so that two scores can be told to rest on the same weights.
with weights as (
    select
        event_type,
        valid_from,
        event_type || '|' || cast(weight as varchar) || '|' || coalesce(cast(valid_from as varchar), '') || '|'
        || coalesce(cast(valid_to as varchar), '') as line
    from {{ ref('event_weights') }}
)

select
    'weights-' || substr(
        md5(coalesce({{ ordered_list('line', 'event_type, valid_from nulls first', '\n') }}, '')), 1, 8
    ) as weight_version
from weights
