-- One row per published figure of the survey, beside what the marts say.
with overall as (
    select
        metric,
        counted,
        mean_score,
        score
    from survey_scores
    where segment_dimension = 'all' and period_grain = 'all'
),

enjoyment as (
    select
        score,
        100.0 * answers / sum(answers) over () as percent
    from answer_distribution
    where question = 'enjoyment'
)

select
    'would recommend R: net promoter score, English' as figure,
    '72' as published,
    format('{:.3f}', cast(score as double)) as found
from survey_scores
where metric = 'nps' and segment_dimension = 'language' and segment_value = 'en' and period_grain = 'all'
union all
select
    'would recommend R: answers, English',
    '3,018',
    format('{:,}', cast(counted as bigint))
from survey_scores
where metric = 'nps' and segment_dimension = 'language' and segment_value = 'en' and period_grain = 'all'
union all
select
    'enjoyment: share of 1/2/3/4/5, percent',
    '1/2/7/27/64',
    string_agg(format('{:.2f}', cast(percent as double)), '/' order by score)
from enjoyment
union all
select
    'enjoyment: mean of 1 to 5',
    '4.5',
    format('{:.3f}', cast(mean_score as double))
from overall
where metric = 'csat'
union all
select
    'enjoyment: answers',
    '3,278',
    format('{:,}', cast(counted as bigint))
from overall
where metric = 'csat'
union all
select
    'difficulty, 5 = hardest: mean of 1 to 5',
    '2.9',
    format('{:.3f}', cast(score as double))
from overall
where metric = 'effort'
union all
select
    'difficulty: answers',
    '3,278',
    format('{:,}', cast(counted as bigint))
from overall
where metric = 'effort'
