-- One row per theme and period in which a comment was given: comments, those with the theme, and their sentiment.
with comments as (
    select * from {{ ref('int_comment_periods') }}
),

themes as (
    select * from {{ ref('int_themes') }}
),

labels as (
    select * from {{ ref('int_comment_labels') }}
),

sentiments as (
    select computed.* from {{ comment_sentiments() }} as computed
),

dated as (
    select
        comments.answer_id,
        comments.period_grain,
        comments.period_start,
        -- Decimal, so that sums do not depend on their order.
        cast(sentiments.sentiment as decimal(9, 6)) as sentiment
    from comments
    left join sentiments on comments.answer_id = sentiments.answer_id
),

totals as (
    select
        period_grain,
        period_start,
        count(*) as comments
    from dated
    group by period_grain, period_start
),

with_theme as (
    select
        labels.theme,
        dated.period_grain,
        dated.period_start,
        count(*) as comments,
        count(dated.sentiment) as sentiments,
        sum(dated.sentiment) as sentiment_total
    from dated
    inner join labels on dated.answer_id = labels.answer_id
    group by labels.theme, dated.period_grain, dated.period_start
)

-- A theme that nobody mentions has a row: 0 of so many.
select
    themes.theme,
    totals.period_grain,
    totals.period_start,
    totals.comments,
    coalesce(with_theme.comments, 0) as comments_with_theme,
    coalesce(with_theme.sentiments, 0) as sentiment_comments,
    with_theme.sentiment_total
from totals
cross join themes
left join with_theme
    on themes.theme = with_theme.theme
    and totals.period_grain = with_theme.period_grain
    and totals.period_start = with_theme.period_start
