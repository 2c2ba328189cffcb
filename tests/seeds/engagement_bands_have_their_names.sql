-- The edges are the company's; the names are columns of segment_engagement.
select
    'score_bands.csv: ' || coalesce(band, '(no name)') || ' is no band of engagement: '
    || 'name them at risk, low, medium and high, and give each its edge.' as problem
from {{ ref('score_bands') }}
where metric = 'engagement' and (band is null or band not in ('at risk', 'low', 'medium', 'high'))
