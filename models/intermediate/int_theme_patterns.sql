-- One row per theme and language: its patterns as one regular expression.
with themes as (
    select * from {{ ref('comment_themes') }}
)

select
    theme,
    language,
    -- On folded text a word ends where a space is.
    replace({{ ordered_list('pattern', 'pattern', '|') }}, '_', ' ') as pattern
from themes
group by theme, language
