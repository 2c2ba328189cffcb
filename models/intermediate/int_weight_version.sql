-- One row: a fingerprint of the weights in use, so that two scores can be told to rest on the same weights.
with weights as (
    select
        event_type,
        valid_from,
        event_type || '|' || cast(weight as {{ dbt.type_string() }}) || '|'
        || coalesce(cast(valid_from as {{ dbt.type_string() }}), '') || '|'
        || coalesce(cast(valid_to as {{ dbt.type_string() }}), '') as line
    from {{ ref('event_weights') }}
)

select
    'weights-' || substr(
        md5(coalesce({{ ordered_list('line', 'event_type, valid_from nulls first', '\n') }}, '')), 1, 8
    ) as weight_version
from weights
