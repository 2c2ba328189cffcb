-- One row per theme of the seed, and one for comments that touch none of them.
with patterns as (
    select * from {{ ref('int_theme_patterns') }}
)

select distinct theme
from patterns
union all
select 'no_theme' as theme
