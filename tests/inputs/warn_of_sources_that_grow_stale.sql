-- Not an error yet: the limit that stops a build is another.
{{ config(severity='warn') }}
{{ stale_sources('warn_after_hours') }}
