-- One row per metric and segment value that has answers: the benchmark and the target that hold for it.
with counts as (
    select distinct
        metric,
        segment_dimension,
        segment_value
    from {{ ref('int_survey_counts') }}
),

benchmarks as (
    select * from {{ ref('benchmarks') }}
),

-- The segment's own row goes before the row for everybody.
ranked as (
    select
        counts.metric,
        counts.segment_dimension,
        counts.segment_value,
        benchmarks.kind,
        benchmarks.low,
        benchmarks.high,
        row_number() over (
            partition by counts.metric, counts.segment_dimension, counts.segment_value, benchmarks.kind
            order by case when benchmarks.segment_dimension = counts.segment_dimension then 0 else 1 end
        ) as choice
    from counts
    inner join benchmarks
        on counts.metric = benchmarks.metric
        and (
            benchmarks.segment_dimension = 'all'
            or (
                counts.segment_dimension = benchmarks.segment_dimension
                and counts.segment_value = benchmarks.segment_value
            )
        )
)

select
    metric,
    segment_dimension,
    segment_value,
    max(case when kind = 'benchmark' then low end) as benchmark_low,
    max(case when kind = 'benchmark' then high end) as benchmark_high,
    max(case when kind = 'target' then low end) as target_low,
    max(case when kind = 'target' then high end) as target_high
from ranked
where choice = 1
group by metric, segment_dimension, segment_value
