-- One row per theme and period in which a comment was given: how many touch it, and the change from the period before.
with counts as (
    select
        *,
        {{ previous_period_start('period_grain', 'period_start') }} as previous_start,
        comments < {{ min_answers() }} as is_suppressed,
        cast(comments_with_theme as {{ type_double() }}) / comments as share
    from {{ ref('int_theme_counts') }}
),

-- All time has no period before it.
compared as (
    select
        counts.*,
        earlier.share as previous_share,
        counts.share - earlier.share as share_change,
        {{ z_of_shares(
            'counts.comments_with_theme', 'counts.comments', 'earlier.comments_with_theme', 'earlier.comments'
        ) }} as z
    from counts
    left join counts as earlier
        on counts.theme = earlier.theme
        and counts.period_grain = earlier.period_grain
        and counts.previous_start = earlier.period_start
        and not counts.is_suppressed
        and not earlier.is_suppressed
),

tested as (
    select
        *,
        {{ two_sided_p('z') }} as change_p_value
    from compared
),

ranked as (
    select
        *,
        count(change_p_value) over (partition by period_grain, period_start) as family_size,
        row_number() over (
            partition by period_grain, period_start
            order by change_p_value nulls last, theme
        ) as family_rank
    from tested
),

-- Rows without a p-value rank last, so that they pull nobody down.
adjusted as (
    select
        *,
        case
            when change_p_value is not null
                then {{ benjamini_hochberg('change_p_value', 'period_grain, period_start') }}
        end as change_p_value_adjusted
    from ranked
)

select
    theme,
    period_grain,
    period_start,
    comments,
    case when not is_suppressed then comments_with_theme end as comments_with_theme,
    case when not is_suppressed then share end as share,
    previous_share,
    share_change,
    change_p_value,
    change_p_value_adjusted,
    coalesce(change_p_value_adjusted < 0.05, false) as is_change_significant,
    case when not is_suppressed then sentiment_comments end as sentiment_comments,
    case
        when sentiment_comments >= {{ min_answers() }}
            then cast(sentiment_total as {{ type_double() }}) / sentiment_comments
    end as mean_sentiment,
    is_suppressed,
    {{ build_columns() }}
from adjusted
