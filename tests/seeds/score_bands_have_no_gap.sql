-- A band reaches to the next one's edge: the only gap can be below the lowest edge, or two bands with one edge.
with bands as (
    select
        metric,
        band,
        lower_edge,
        count(*) over (partition by metric, lower_edge) as same_edge,
        count(*) over (partition by metric, band) as same_name,
        min(lower_edge) over (partition by metric) as lowest_edge
    from {{ ref('score_bands') }}
)

select
    'score_bands.csv: band ' || coalesce(band, '(no name)') || ' of ' || coalesce(metric, '(no metric)')
    || ' has no edge, shares its edge or name with another, or the lowest engagement band begins above 1.' as problem
from bands
where
    metric is null
    or band is null
    or lower_edge is null
    or same_edge > 1
    or same_name > 1
    or (metric = 'engagement' and lowest_edge > 1)
