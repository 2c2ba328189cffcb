-- One row per metric, theme of comments and period: the score of answers whose comment touches it, and of the others.
with sides as (
    select * from {{ ref('int_theme_scores') }}
),

cells as (
    select distinct
        metric,
        theme,
        period_grain,
        period_start,
        score_kind
    from sides
),

-- Left joins: a theme that nobody, or everybody, mentions has one side only.
paired as (
    select
        cells.*,
        coalesce(mentioned.counted, 0) as answers_with_theme,
        coalesce(others.counted, 0) as answers_without_theme,
        mentioned.score as score_with_theme,
        others.score as score_without_theme,
        case cells.score_kind
            when 'positive_share' then {{ z_of_shares(
                'mentioned.positives', 'mentioned.counted', 'others.positives', 'others.counted'
            ) }}
            -- A side whose answers are all the same tells no error, and so few may be so by chance.
            else {{ z_of_means(
                'mentioned.score', 'nullif(mentioned.standard_error, 0)',
                'others.score', 'nullif(others.standard_error, 0)'
            ) }}
        end as z
    from cells
    left join sides as mentioned
        on cells.metric = mentioned.metric
        and cells.theme = mentioned.theme
        and cells.period_grain = mentioned.period_grain
        and cells.period_start = mentioned.period_start
        and mentioned.has_theme
    left join sides as others
        on cells.metric = others.metric
        and cells.theme = others.theme
        and cells.period_grain = others.period_grain
        and cells.period_start = others.period_start
        and not others.has_theme
),

-- With the score of all comments at hand, one side would give the other away: both are shown, or neither.
tested as (
    select
        *,
        least(answers_with_theme, answers_without_theme) < {{ min_answers() }} as is_suppressed,
        case
            when least(answers_with_theme, answers_without_theme) >= {{ min_answers() }} then {{ two_sided_p('z') }}
        end as difference_p_value
    from paired
),

ranked as (
    select
        *,
        count(difference_p_value) over (partition by metric, period_grain, period_start) as family_size,
        row_number() over (
            partition by metric, period_grain, period_start
            order by difference_p_value nulls last, theme
        ) as family_rank
    from tested
),

adjusted as (
    select
        *,
        case
            when difference_p_value is not null
                then {{ benjamini_hochberg('difference_p_value', 'metric, period_grain, period_start') }}
        end as difference_p_value_adjusted
    from ranked
)

select
    metric,
    theme,
    period_grain,
    period_start,
    answers_with_theme,
    answers_without_theme,
    case when not is_suppressed then score_with_theme end as score_with_theme,
    case when not is_suppressed then score_without_theme end as score_without_theme,
    case when not is_suppressed then score_with_theme - score_without_theme end as score_difference,
    difference_p_value,
    difference_p_value_adjusted,
    coalesce(difference_p_value_adjusted < 0.05, false) as is_difference_significant,
    is_suppressed,
    {{ build_columns() }}
from adjusted
