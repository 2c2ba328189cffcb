-- Scores of data that stopped coming look like scores of customers who left.
{{ stale_sources('fail_after_hours') }}
