-- One row per step of an event's age in days: the factor by which it counts, from age_from to age_to.
with steps as (
    {%- for step in decay_steps() %}
    select
        {{ step.age_from }} as age_from,
        {{ step.age_to }} as age_to,
        cast({{ step.factor }} as decimal(10, 9)) as factor
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from steps
