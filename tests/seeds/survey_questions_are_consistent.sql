-- A question decides what an answer means: its classes must lie on its scale and in its direction.
with questions as (
    select
        questions.*,
        metrics.metric is not null as is_known_metric,
        count(*) over (partition by questions.question) as copies,
        min(questions.counting) over (partition by questions.metric) as first_counting
    from {{ ref('survey_questions') }} as questions
    left join {{ ref('survey_metrics') }} as metrics on questions.metric = metrics.metric
)

select
    'survey_questions.csv: question ' || coalesce(question, '(no name)') || ' '
    || case
        when copies > 1 then 'stands there twice.'
        when not is_known_metric then 'has a metric that survey_metrics.csv does not list.'
        when counting is null or counting not in ('every_answer', 'latest_per_respondent')
            then 'has a counting rule that is neither every_answer nor latest_per_respondent.'
        when counting <> first_counting then 'counts otherwise than the other questions of its metric.'
        else 'needs scale_min <= negative_to < positive_from <= scale_max (the two edges change places with worse).'
    end as problem
from questions
where
    question is null
    or copies > 1
    or not is_known_metric
    or counting is null
    or counting not in ('every_answer', 'latest_per_respondent')
    or counting <> first_counting
    or not coalesce(
        case higher_is
            when 'better' then scale_min <= negative_to and negative_to < positive_from and positive_from <= scale_max
            when 'worse' then scale_min <= positive_from and positive_from < negative_to and negative_to <= scale_max
        end,
        false
    )
