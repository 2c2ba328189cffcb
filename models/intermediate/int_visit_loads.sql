-- One row per load date of raw events: whether its fragments of visits must be read anew, since its rows have changed,
-- or how long a pause ends a visit.
with {{ loads_made_with('int_visit_fragments', session_gap_minutes()) }}
