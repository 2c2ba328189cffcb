-- One row per negative answer about satisfaction: who gave it, what about, and how engaged they were that day.
with low_answers as (
    select
        *,
        {{ counts_within('month') }} as is_counted
    from {{ ref('int_answers') }}
    where metric = 'csat' and is_answered and is_negative
),

comments as (
    select * from {{ ref('int_comments') }}
),

themes as (
    select
        answer_id,
        {{ ordered_list('theme', 'theme', ', ') }} as themes,
        {{ ordered_list("theme || ': ' || matched_words", 'theme', '; ') }} as matched_words
    from {{ ref('int_comment_labels') }}
    group by answer_id
),

sentiments as (
    select computed.* from {{ comment_sentiments() }} as computed
),

engagement as (
    select * from {{ ref('fct_engagement_scores') }}
)

select
    low_answers.answer_id,
    low_answers.customer_id,
    low_answers.respondent_id,
    low_answers.answered_at,
    low_answers.period_date as answered_date,
    low_answers.question,
    low_answers.score,
    low_answers.is_counted,
    low_answers.touchpoint,
    low_answers.channel,
    low_answers.language,
    comments.answer_id is not null as has_comment,
    themes.themes,
    sentiments.sentiment,
    case
        when comments.answer_id is null then 'no_comment'
        else coalesce(sentiments.sentiment_status, 'not_computed')
    end as sentiment_status,
    coalesce(engagement.status, 'not_observed') as engagement_status,
    engagement.engagement_score,
    engagement.engagement_band,
    {{ published_text('comments.comment') }} as comment,
    {{ published_text('themes.matched_words') }} as matched_words,
    {{ build_columns() }}
from low_answers
left join comments on low_answers.answer_id = comments.answer_id
left join themes on low_answers.answer_id = themes.answer_id
left join sentiments on low_answers.answer_id = sentiments.answer_id
-- Left join: an answer from before the first event, or after churn, has no engagement beside it.
left join engagement
    on low_answers.customer_id = engagement.customer_id
    and low_answers.period_date = engagement.score_date
