-- A band reaches to the next one's edge: a gap can only be below the lowest edge, or between two bands with one edge.
with lowest_scores as (
    select
        'engagement' as metric,
        1 as lowest_score
    union all
    select
        'experience_index' as metric,
        0 as lowest_score
    union all
    select
        'operational_effort' as metric,
        0 as lowest_score
    union all
    select
        metrics.metric,
        case metrics.score_kind
            when 'net_share' then -100
            when 'mean' then min(questions.scale_min)
            else 0
        end as lowest_score
    from {{ ref('survey_metrics') }} as metrics
    inner join {{ ref('survey_questions') }} as questions on metrics.metric = questions.metric
    group by metrics.metric, metrics.score_kind
),

bands as (
    select
        bands.metric,
        bands.band,
        bands.lower_edge,
        lowest_scores.lowest_score,
        count(*) over (partition by bands.metric, bands.lower_edge) as same_edge,
        count(*) over (partition by bands.metric, bands.band) as same_name,
        min(bands.lower_edge) over (partition by bands.metric) as lowest_edge
    from {{ ref('score_bands') }} as bands
    left join lowest_scores on bands.metric = lowest_scores.metric
)

select
    'score_bands.csv: band ' || coalesce(band, '(no name)') || ' of ' || coalesce(metric, '(no metric)')
    || ' has no edge, or the edge or name of another; no band reaches down to the lowest score; or there is no such '
    || 'metric.' as problem
from bands
where
    metric is null
    or band is null
    or lower_edge is null
    or same_edge > 1
    or same_name > 1
    or lowest_score is null
    or lowest_edge > lowest_score
