-- One row per published number: what the project's formula makes of the same input.
with nps as (
    select
        coalesce(answers, promoters || ' promoters, ' || detractors || ' detractors of ' || n) as input,
        nps,
        variance,
        standard_error,
        tolerance,
        {{ nps('promoters', 'detractors', 'n') }} as actual_nps,
        {{ nps_standard_error('promoters', 'detractors', 'n') }} / 100.0 as actual_standard_error,
        n
    from {{ ref('fixture_nps') }}
),

wilson as (
    select
        successes || ' of ' || n as input,
        low,
        high,
        tolerance,
        {{ wilson_bound('successes', 'n', '-') }} as actual_low,
        {{ wilson_bound('successes', 'n', '+') }} as actual_high
    from {{ ref('fixture_proportion_wilson') }}
),

newcombe as (
    select
        successes_1 || ' of ' || n_1 || ' and ' || successes_2 || ' of ' || n_2 as input,
        low,
        high,
        tolerance,
        {{ newcombe_bound('successes_1', 'n_1', 'successes_2', 'n_2', '-') }} as actual_low,
        {{ newcombe_bound('successes_1', 'n_1', 'successes_2', 'n_2', '+') }} as actual_high
    from {{ ref('fixture_proportion_difference_newcombe') }}
),

engagement as (
    select
        'weights ' || {{ ordered_list('engagement.weight', 'engagement.event_type', ' ') }} as input,
        engagement.expected_points_of_case as points,
        sum({{ line_points('engagement.weight', 'engagement.events', '1') }}) as actual_points,
        0 as tolerance
    from {{ ref('fixture_engagement') }} as engagement
    group by engagement.expected_points_of_case
),

clv as (
    select
        'margin ' || margin || ', retention ' || retention || ', discount ' || discount as input,
        expected_multiple,
        tolerance,
        {{ customer_lifetime_value('margin', 'retention', 'discount') }} as actual_value
    from {{ ref('fixture_clv') }}
),

compared as (
    {%- for formula, source, published, actual in [
        ['nps', 'nps', 'nps', 'actual_nps'],
        ['nps standard error', 'nps', 'standard_error', 'actual_standard_error'],
        ['nps variance', 'nps', 'variance', 'actual_standard_error * actual_standard_error * n'],
        ['wilson low', 'wilson', 'low', 'actual_low'],
        ['wilson high', 'wilson', 'high', 'actual_high'],
        ['newcombe low', 'newcombe', 'low', 'actual_low'],
        ['newcombe high', 'newcombe', 'high', 'actual_high'],
        ['engagement points', 'engagement', 'points', 'actual_points'],
        ['customer lifetime value', 'clv', 'expected_multiple', 'actual_value'],
    ] %}
    select
        '{{ formula }}' as formula,
        input,
        cast({{ published }} as {{ type_double() }}) as published,
        cast({{ actual }} as {{ type_double() }}) as actual,
        tolerance
    from {{ source }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    formula,
    input,
    published,
    actual,
    tolerance,
    -- The epsilon lets a bound at the very end of its tolerance pass.
    abs(actual - published) <= tolerance + 1e-12 as is_reproduced
from compared
where published is not null
