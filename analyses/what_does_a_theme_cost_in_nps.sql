-- One row per theme: NPS of those who name it in a comment against those who do not, and by how much that may be
-- chance.
with theme_scores as (
    select * from {{ ref('theme_scores') }}
    where metric = 'nps' and period_grain = 'all' and not is_suppressed
)

select
    theme,
    answers_with_theme,
    answers_without_theme,
    score_with_theme,
    score_without_theme,
    score_difference,
    difference_p_value_adjusted,
    is_difference_significant
from theme_scores
order by score_difference, theme
