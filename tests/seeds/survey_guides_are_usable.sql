-- Each guide is used under its name: one that is missing would leave everything that rests on it empty.
with known as (
    {%- for guide in [
        'hours_to_survey', 'days_to_look_back', 'days_between_surveys', 'answers_per_stratum', 'standardised_difference'
    ] %}
    select '{{ guide }}' as guide
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

guides as (
    select
        coalesce(known.guide, guides.guide) as guide,
        known.guide is not null as is_known,
        count(guides.guide) as copies,
        min(guides.guide_value) as guide_value
    from known
    full outer join {{ ref('survey_guides') }} as guides on known.guide = guides.guide
    group by known.guide, guides.guide
)

select
    'survey_guides.csv: the guide ' || coalesce(guide, '(no name)') || ' '
    || case
        when not is_known then 'is not known: look for a misspelt name.'
        when copies <> 1 then 'must stand there once.'
        else 'needs a number above 0, whole but for the standardised difference.'
    end as problem
from guides
where
    not is_known
    or copies <> 1
    or guide_value is null
    or guide_value <= 0
    or (guide <> 'standardised_difference' and guide_value <> floor(guide_value))
