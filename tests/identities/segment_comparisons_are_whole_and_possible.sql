-- Every pair of the compared values of a dimension stands once; shares and probabilities lie between 0 and 1; z, p and
-- superiority tell one story.
with compared_values as (
    select
        segment_dimension,
        segment_value,
        customers
    from {{ ref('segment_comparisons') }}
    union
    select
        segment_dimension,
        other_value as segment_value,
        other_customers as customers
    from {{ ref('segment_comparisons') }}
),

sizes as (
    select
        segment_dimension,
        count(*) * (count(*) - 1) / 2 as expected_pairs,
        count(*) - count(distinct segment_value) as values_with_two_sizes
    from compared_values
    group by segment_dimension
),

pairs as (
    select
        *,
        count(*) over (partition by segment_dimension) as pairs
    from {{ ref('segment_comparisons') }}
)

select pairs.*
from pairs
inner join sizes on pairs.segment_dimension = sizes.segment_dimension
where
    pairs.pairs <> sizes.expected_pairs
    or sizes.values_with_two_sizes > 0
    or pairs.segment_dimension = 'all'
    or pairs.segment_value >= pairs.other_value
    or least(pairs.customers, pairs.other_customers) < 8
    or pairs.superiority not between 0 and 1
    or pairs.p_value not between 0 and 1
    or pairs.p_value_adjusted not between pairs.p_value and 1
    or (pairs.p_value_adjusted is null) <> (pairs.z is null)
    or (pairs.p_value is null) <> (pairs.z is null)
    or (pairs.z > 0 and pairs.superiority <= 0.5)
    or (pairs.z < 0 and pairs.superiority >= 0.5)
    or (pairs.z is null and pairs.superiority <> 0.5)
    or pairs.is_distinguishable <> coalesce(pairs.p_value_adjusted < 0.05, false)
