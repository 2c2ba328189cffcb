-- Not an error: a company may score a metric as it likes. But then no segment and no customer has an experience index.
{{ config(severity='warn') }}
select
    'experience_components.csv: the metric ' || components.metric || ' of ' || components.component
    || ' has no mean, so that the experience index is null throughout: name a metric that survey_metrics.csv scores as '
    || 'mean or rescaled_mean.' as problem
from {{ ref('experience_components') }} as components
left join {{ ref('int_experience_metrics') }} as metrics on components.component = metrics.component
where metrics.component is null
