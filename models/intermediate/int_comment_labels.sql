-- One row per comment and theme, with the theme `no_theme` for comments that touch none: each comment stands here.
with comments as (
    select * from {{ ref('int_comments') }}
),

found as (
    select * from {{ ref('int_comment_themes') }}
)

select
    comments.answer_id,
    coalesce(found.theme, 'no_theme') as theme,
    found.matched_words
from comments
left join found on comments.answer_id = found.answer_id
