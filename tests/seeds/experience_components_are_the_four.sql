-- The four are columns of experience_index: another one would have no place, and of a metric that is not known nothing
-- could be asked.
with components as (
    select
        given.component,
        given.metric,
        metrics.metric is not null as is_known_metric,
        count(*) over (partition by given.component) as copies
    from {{ ref('experience_components') }} as given
    left join {{ ref('survey_metrics') }} as metrics on given.metric = metrics.metric
),

wanted as (
    {%- for component in experience_components() %}
    select '{{ component }}' as component
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    'experience_components.csv: component ' || coalesce(wanted.component, components.component, '(no name)')
    || ' is not one of {{ experience_components() | join(", ") }}, stands there twice or not at all, or its metric '
    || coalesce(components.metric, '(none)') || ' is not listed in survey_metrics.csv.' as problem
from wanted
full outer join components on wanted.component = components.component
where
    wanted.component is null
    or components.component is null
    or components.copies > 1
    or not components.is_known_metric
