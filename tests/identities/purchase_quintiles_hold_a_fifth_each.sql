-- A fifth of the buyers stands in each fifth, but for equals, who stand together: the better never stand lower, and who
-- stands in a fifth has the fifths below it behind, and not its own.
with buyers as (
    select * from {{ ref('customer_value') }}
    where purchases > 0
),

placed as (
    {%- for measure, quintile in [
        ('-recency_days', 'recency_quintile'), ('purchase_days', 'frequency_quintile'), ('revenue', 'monetary_quintile')
    ] %}
    select
        '{{ quintile }}' as measure,
        {{ quintile }} as quintile,
        cast({{ measure }} as decimal(38, 6)) as amount,
        count(*) over () as buyers
    from buyers
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

levels as (
    select
        measure,
        amount,
        min(quintile) as quintile,
        max(quintile) as highest_quintile,
        count(*) as equals,
        min(buyers) as buyers
    from placed
    group by measure, amount
),

counted as (
    select
        *,
        sum(equals) over (partition by measure order by amount) - equals as worse,
        sum(equals) over (partition by measure order by amount) as not_better,
        lead(quintile) over (partition by measure order by amount) as next_quintile
    from levels
)

select *
from counted
where
    quintile is distinct from highest_quintile
    or quintile not between 1 and 5
    or next_quintile < quintile
    or 5 * worse < (quintile - 1) * buyers
    or 5 * worse >= quintile * buyers
    or (next_quintile > quintile and 5 * not_better < quintile * buyers)
