-- One row per load date of raw events: whether its interactions must be read anew, since its rows have changed or what
-- triggers a survey has.
{{ loads_of_types('int_survey_interactions', ref('survey_triggers')) }}
