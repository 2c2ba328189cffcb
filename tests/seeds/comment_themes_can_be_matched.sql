-- A pattern that can never match finds nothing, and one that matches everywhere finds its theme in each comment.
with patterns as (
    select
        theme,
        language,
        pattern,
        count(*) over (partition by theme, language, pattern) as copies
    from {{ ref('comment_themes') }}
),

judged as (
    select
        *,
        case
            when coalesce(theme, '') = '' then 'has no theme: name it.'
            when theme = 'no_theme' then 'has a name that is kept for comments without a theme: choose another.'
            when coalesce(language, '-') like '%-%' or language like '%!_%' escape '!' or language <> lower(language)
                then 'has no code of a language: give one such as en, or all.'
            when coalesce(pattern, '') = '' then 'has no pattern: give one, or delete the line.'
            when copies > 1 then 'stands there twice.'
            when pattern <> {{ fold_pattern('pattern') }}
                then 'has capitals or accents: write it without, as comments are folded.'
            when pattern like '%\%' escape '!' or pattern like '%(?%' or pattern like '%^%' or pattern like '%$%'
                then 'has \, (?, ^ or $: a pattern begins where a word begins, and _ ends a word.'
            when {{ has_other_signs('pattern') }}
                then 'has a sign that no folded comment has: use letters, digits, spaces and | ( ) [ ] . ? * + { } , _.'
            when not {{ is_regular_expression('pattern') }} then 'is no regular expression: look at its brackets.'
            when {{ matches_empty_text('pattern') }}
                then 'matches where nothing is written: it would match every comment.'
        end as fault
    from patterns
)

select
    'comment_themes.csv: the line ' || coalesce(theme, '') || ',' || coalesce(language, '') || ','
    || coalesce(pattern, '') || ' ' || fault as problem
from judged
where fault is not null
