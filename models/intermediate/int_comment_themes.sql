-- One row per comment and theme found in it, with the words that show it.
with comments as (
    select * from {{ ref('int_comments') }}
),

patterns as (
    select * from {{ ref('int_theme_patterns') }}
),

languages as (
    select distinct language from patterns
    where language <> 'all'
),

-- Null where the language is not told, or is one without patterns: then it may be any of them.
addressed as (
    select
        comments.answer_id,
        comments.folded_text,
        languages.language
    from comments
    left join languages on comments.language_code = languages.language
),

matched as (
    select matches.*
    from {{ theme_matches('addressed', 'patterns') }} as matches
),

-- Where the patterns of two languages match, the first words show the theme.
ranked as (
    select
        *,
        row_number() over (
            partition by answer_id, theme
            order by word_start asc, length(words) desc, language asc
        ) as match_rank
    from matched
)

select
    ranked.answer_id,
    ranked.theme,
    ranked.language as pattern_language,
    case
        when comments.is_position_kept
            then substr(comments.comment, ranked.word_start, length(rtrim(ranked.words)) - 1)
        else trim(ranked.words)
    end as matched_words
from ranked
inner join comments on ranked.answer_id = comments.answer_id
where ranked.match_rank = 1
