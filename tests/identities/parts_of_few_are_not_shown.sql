-- A part is shown only where enough answers or contacts made it, and where it is hidden the row says so.
with parts as (
    {%- for table, parts in [
        ('experience_index', [
            ('effort', 'effort_answers'), ('empathy', 'empathy_answers'), ('understanding', 'understanding_answers'),
            ('effectiveness', 'effectiveness_answers'),
        ]),
        ('operational_effort', [
            ('channel_ease', 'rated_contacts'), ('wait_ease', 'timed_contacts'),
            ('resolution_satisfaction', 'resolution_answers'),
        ]),
    ] %}
    {%- set last_table = loop.last %}
    {%- for part, counted in parts %}
    select
        '{{ part }}' as part,
        segment_dimension,
        segment_value,
        period_grain,
        period_start,
        {{ part }} as value,
        {{ counted }} as counted,
        is_suppressed
    from {{ ref(table) }}
    {{ 'union all' if not (last_table and loop.last) }}
    {%- endfor %}
    {%- endfor %}
)

select *
from parts
where
    (value is not null and counted < {{ min_answers() }})
    or (value is null and counted > 0 and not is_suppressed)
