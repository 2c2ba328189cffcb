-- Two weights for one type on one day would count its events twice.
with weights as (
    select
        event_type,
        weight,
        coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
        row_number() over (order by event_type, valid_from, valid_to, weight) as position
    from {{ ref('event_weights') }}
)

select
    'event_weights.csv: ' || weights.event_type || ' has two weights on '
    || cast(other.valid_from as {{ dbt.type_string() }})
    || ': end the older one the day before.' as problem
from weights
inner join weights as other
    on weights.event_type = other.event_type
    and weights.position <> other.position
    and other.valid_from between weights.valid_from and weights.valid_to
union
select
    'event_weights.csv: a row for ' || coalesce(event_type, 'no event type')
    || ' lacks its event type or weight, has a weight below 0, or ends before it begins.' as problem
from weights
where event_type is null or weight is null or weight < 0 or valid_to < valid_from
