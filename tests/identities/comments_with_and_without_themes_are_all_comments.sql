-- Each comment touches a theme or none: the shares rest on all comments, and so do the scores beside them.
with comments as (
    select * from {{ ref('int_comments') }}
),

labels as (
    select * from {{ ref('int_comment_labels') }}
),

periods as (
    select * from {{ ref('int_comment_periods') }}
),

-- Counted from both ends: comments, and labels without their themes.
expected as (
    select
        periods.period_grain,
        periods.period_start,
        count(*) as comments,
        count(distinct labels.answer_id) as labelled,
        count(distinct case when labels.theme <> 'no_theme' then comments.answer_id end) as themed,
        count(case when labels.theme = 'no_theme' then 1 end) as unthemed,
        count(distinct comments.answer_id) as written
    from comments
    inner join periods on comments.answer_id = periods.answer_id
    left join labels on comments.answer_id = labels.answer_id
    group by periods.period_grain, periods.period_start
),

published as (
    select * from {{ ref('theme_shares') }}
)

select
    published.*,
    expected.written
from expected
full outer join published
    on expected.period_grain = published.period_grain
    and expected.period_start = published.period_start
where
    expected.written is distinct from published.comments
    or expected.labelled <> expected.written
    or expected.themed + expected.unthemed <> expected.written
    or published.share < 0
    or published.share > 1
    or published.comments_with_theme > published.comments
    or (published.theme = 'no_theme' and published.comments_with_theme <> expected.unthemed)
    or published.mean_sentiment < -1
    or published.mean_sentiment > 1
