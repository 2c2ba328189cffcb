-- A kind that no formula serves would give a metric without scores.
select
    'survey_metrics.csv: metric ' || coalesce(metric, '(no name)') || ' has score_kind '
    || coalesce(score_kind, '(none)')
    || ' or stands there twice: it must be net_share, positive_share, mean or rescaled_mean.' as problem
from {{ ref('survey_metrics') }}
group by metric, score_kind
having
    metric is null
    or score_kind is null
    or score_kind not in ('net_share', 'positive_share', 'mean', 'rescaled_mean')
    or count(*) > 1
