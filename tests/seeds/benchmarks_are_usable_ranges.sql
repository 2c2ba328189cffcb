-- A range that nobody can read, or that names nothing, would pass in silence.
{%- set dimensions = "'all', '" ~ segment_columns() | join("', '") ~ "'" %}
with benchmarks as (
    select
        benchmarks.*,
        metrics.metric is not null as is_known,
        count(*) over (
            partition by benchmarks.metric, benchmarks.segment_dimension, benchmarks.segment_value, benchmarks.kind
        ) as same_place
    from {{ ref('benchmarks') }} as benchmarks
    left join {{ ref('survey_metrics') }} as metrics on benchmarks.metric = metrics.metric
)

select
    'benchmarks.csv: the row of ' || coalesce(metric, '(no metric)') || ', '
    || coalesce(segment_dimension, '(no dimension)') || ', ' || coalesce(segment_value, '(no value)') || ', '
    || coalesce(kind, '(no kind)') || ' must name a metric of survey_metrics.csv, a dimension (all, or a segment '
    || 'column) with a value, the kind benchmark or target, and a low, a high, or both in order; each row is unique.'
        as problem
from benchmarks
where
    not is_known
    or segment_dimension is null
    or segment_value is null
    or (segment_dimension = 'all') <> (segment_value = 'all')
    or coalesce(segment_dimension not in ({{ dimensions }}), true)
    or coalesce(kind not in ('benchmark', 'target'), true)
    or coalesce(low, high) is null
    or low > high
    or same_place > 1
