-- One row per load date of raw events: whether its events with a role for awareness must be read anew, since its rows
-- have changed, or what has such a role.
{{ loads_of_types('int_awareness_events', ref('int_awareness_types'), ['event_type', 'channel', 'role']) }}
