-- One row per score date and bin of ten score points: the customers in it, and on each row the shape of the whole.
with counts as (
    select
        score_date,
        engagement_score,
        cast(engagement_score * 1000000 as {{ type_wide_integer() }}) as millionths,
        customers
    from {{ ref('int_score_counts') }}
    where segment_dimension = 'all' and engagement_score is not null
),

bins as (
    {%- for bin in range(0, 100, 10) %}
    select {{ bin }} as score_bin
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

centres as (
    select
        score_date,
        sum(customers) as scored,
        sum(millionths * customers) as total,
        {{ whole_quotient('sum(millionths * customers)', 'sum(customers)') }} as centre
    from counts
    group by score_date
),

-- Around a whole number next to the mean, so that sums of powers stay exact and nothing cancels out.
apart as (
    select
        counts.score_date,
        counts.customers,
        counts.millionths - centres.centre as distance,
        centres.scored,
        centres.total
    from counts
    inner join centres on counts.score_date = centres.score_date
),

moments as (
    select
        score_date,
        scored,
        total,
        cast(sum(distance * customers) as {{ type_double() }}) / scored as first,
        cast(sum(distance * distance * customers) as {{ type_double() }}) / scored as second,
        cast(sum(distance * distance * distance * customers) as {{ type_double() }}) / scored as third
    from apart
    group by score_date, scored, total
),

shapes as (
    select
        score_date,
        scored,
        cast(total as {{ type_double() }}) / scored / 1e6 as mean_score,
        second - first * first as variance,
        third - 3.0 * first * second + 2.0 * first * first * first as third_central
    from moments
),

filled as (
    select
        score_date,
        cast(least(floor(engagement_score / 10) * 10, 90) as integer) as score_bin,
        sum(customers) as customers
    from counts
    group by score_date, score_bin
)

select
    shapes.score_date,
    bins.score_bin,
    cast(coalesce(filled.customers, 0) as bigint) as customers,
    cast(coalesce(filled.customers, 0) as {{ type_double() }}) / shapes.scored as share,
    shapes.mean_score,
    sqrt(shapes.variance * shapes.scored / nullif(shapes.scored - 1, 0)) / 1e6 as sd_score,
    shapes.third_central / nullif(power(shapes.variance, 1.5), 0) as skewness
from shapes
cross join bins
left join filled
    on shapes.score_date = filled.score_date
    and bins.score_bin = filled.score_bin
