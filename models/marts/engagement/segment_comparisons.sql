-- One row per segment dimension and pair of its values as of today: whose customers earn more, and could it be chance.
with members as (
    select
        segments.segment_dimension,
        segments.segment_value,
        scores.points
    from {{ ref('fct_engagement_scores') }} as scores
    inner join {{ ref('customer_segments') }} as segments
        on scores.customer_id = segments.customer_id
        and {{ holds_on('segments', 'scores.score_date') }}
    where
        scores.score_date = scores.as_of_date
        and scores.engagement_score is not null
        and segments.segment_dimension <> 'all'
),

sizes as (
    select
        segment_dimension,
        segment_value,
        count(*) as customers,
        row_number() over (partition by segment_dimension order by count(*) desc, segment_value) as size_rank
    from members
    group by segment_dimension, segment_value
),

-- 30 values are 435 pairs, of which the correction leaves little; below 8 customers the normal approximation fails.
-- Customers with the same points are one row, since the test only asks how many they are.
levels as (
    select
        members.segment_dimension,
        members.segment_value,
        members.points,
        count(*) as customers
    from members
    inner join sizes
        on members.segment_dimension = sizes.segment_dimension
        and members.segment_value = sizes.segment_value
        and sizes.size_rank <= 30
        and sizes.customers >= 8
    group by members.segment_dimension, members.segment_value, members.points
),

tested as (
    select
        *,
        {{ mann_whitney_z('twice_wins', 'customers', 'other_members', 'tie_sum') }} as z
    from {{ mann_whitney_pairs('levels', 'segment_dimension', 'segment_value', 'points', 'customers') }} as pairs
),

-- The greater z, the smaller p; pairs without one rank last, so that they pull nobody down.
ranked as (
    select
        *,
        {{ two_sided_p('z') }} as p_value,
        count(z) over (partition by segment_dimension) as family_size,
        row_number() over (
            partition by segment_dimension
            order by -abs(z) nulls last, segment_value, other_group
        ) as family_rank
    from tested
),

adjusted as (
    select
        *,
        case
            when p_value is not null then {{ benjamini_hochberg('p_value', 'segment_dimension') }}
        end as p_value_adjusted
    from ranked
)

select
    segment_dimension,
    segment_value,
    other_group as other_value,
    customers,
    other_members as other_customers,
    cast(twice_wins as {{ type_double() }}) / (2.0 * customers * other_members) as superiority,
    z,
    p_value,
    p_value_adjusted,
    coalesce(p_value_adjusted < 0.05, false) as is_distinguishable,
    {{ build_columns() }}
from adjusted
