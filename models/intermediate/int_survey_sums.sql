-- One row per sum of counted answers that a reader of survey_scores knows, and cell that stands in it: a whole and its
-- parts.
{#
  Only cells in which answers count: an empty one hides nothing. Periods are the parts of a longer one where no answer of one supersedes
  an answer of another, which shows in that their counts add up.
#}
with counts as (
    select * from {{ ref('int_survey_counts') }}
    where counted > 0
),

span as (
    select
        min(period_start) as first_date,
        max(period_end) as last_date
    from counts
    where period_grain = 'all'
),

-- Outside of the data there is nothing: a month that has only begun ends today.
cells as (
    select
        counts.*,
        greatest(counts.period_start, span.first_date) as first_date,
        least(counts.period_end, span.last_date) as last_date
    from counts
    cross join span
),

parts as (
    select
        wholes.cell_number as whole_number,
        parts.segment_dimension as parted_by,
        parts.cell_number,
        parts.counted,
        parts.segment_value,
        parts.period_start,
        wholes.counted as whole_counted
    from cells as wholes
    inner join cells as parts
        on wholes.metric = parts.metric
        and wholes.period_grain = parts.period_grain
        and wholes.period_start = parts.period_start
    where wholes.segment_dimension = 'all' and parts.segment_dimension <> 'all'
    union all
    select
        wholes.cell_number as whole_number,
        -- Windows overlap: each is a part by itself.
        case
            when parts.period_grain = 'moving_90_days' then cast(parts.cell_number as {{ dbt.type_string() }})
            else parts.period_grain
        end as parted_by,
        parts.cell_number,
        parts.counted,
        parts.segment_value,
        parts.period_start,
        wholes.counted as whole_counted
    from cells as wholes
    inner join cells as parts
        on wholes.metric = parts.metric
        and wholes.segment_dimension = parts.segment_dimension
        and wholes.segment_value = parts.segment_value
        and wholes.first_date <= parts.first_date
        and wholes.last_date >= parts.last_date
    where
        (wholes.period_grain = 'quarter' and parts.period_grain in ('month', 'moving_90_days'))
        or (wholes.period_grain = 'moving_90_days' and parts.period_grain = 'month')
        or (wholes.period_grain = 'all' and parts.period_grain in ('quarter', 'moving_90_days'))
),

sums as (
    select
        whole_number,
        parted_by,
        dense_rank() over (order by whole_number, parted_by) as sum_number
    from parts
    group by whole_number, parted_by, whole_counted
    having sum(counted) = whole_counted
)

select
    sums.sum_number,
    parts.cell_number,
    row_number() over (
        partition by sums.sum_number
        order by parts.counted, parts.segment_value, parts.period_start
    ) as hiding_order
from parts
inner join sums
    on parts.whole_number = sums.whole_number
    and parts.parted_by = sums.parted_by
union all
-- The whole is hidden last: it says most.
select
    sum_number,
    whole_number as cell_number,
    1000000 as hiding_order
from sums
