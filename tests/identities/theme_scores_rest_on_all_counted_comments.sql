-- With a theme and without it are, for each theme, all counted answers that have a comment.
with counted as (
    select
        metric,
        period_grain,
        period_start,
        count(*) as answers
    from {{ ref('int_comment_periods') }}
    where is_counted
    group by metric, period_grain, period_start
),

themes as (
    select distinct theme from {{ ref('theme_shares') }}
),

expected as (
    select
        counted.*,
        themes.theme
    from counted
    cross join themes
),

published as (
    select * from {{ ref('theme_scores') }}
)

select
    coalesce(expected.metric, published.metric) as metric,
    coalesce(expected.theme, published.theme) as theme,
    expected.answers,
    published.answers_with_theme,
    published.answers_without_theme
from expected
full outer join published
    on expected.metric = published.metric
    and expected.theme = published.theme
    and expected.period_grain = published.period_grain
    and expected.period_start = published.period_start
where expected.answers is distinct from published.answers_with_theme + published.answers_without_theme
