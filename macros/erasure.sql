{% macro duckdb_set_erased_aside(tables) %}
{#
  Makes the views of schema `raw`: what was delivered, without the rows of whoever was erased, so that no model can read them.
  The requests are the file CUSTOMER_SCORES_ERASURES (ops/erasures.py): a key, and of each request the SHA-256 of key and id.
  Makes raw.erased_rows as well: how many rows are set aside, by request, raw table and digest of the ids.
#}
{%- set file = env_var('CUSTOMER_SCORES_ERASURES', '') -%}
{%- set persons = {'events': 'user_id', 'survey_answers': 'respondent_id', 'customers': 'null'} -%}
{%- set ids = {} -%}
{%- for table in tables -%}
    {%- do ids.update({table: [customer_scores.clean_text('customer_id'), customer_scores.clean_text(persons[table])]}) -%}
{%- endfor -%}
{%- set erased_rows -%}
create or replace table raw.erased_rows as
with requests as (
    select "key", unnest(requests).digest as request
    from read_json('{{ customer_scores.duckdb_path(file) }}', columns = {'key': 'varchar', 'requests': 'struct(digest varchar)[]'})
),

-- SHA-256 is slow, and ids are far fewer than rows.
delivered_ids as (
    {%- for table, (customer_id, person_id) in ids.items() %}
    select
        '{{ table }}' as source_table,
        {{ customer_id }} as customer_id,
        {{ person_id }} as person_id,
        count(*) as row_count
    from delivered.{{ table }}
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

keyed as (
    select
        delivered_ids.*,
        sha256(secret."key" || customer_id) as of_customer,
        sha256(secret."key" || customer_id || chr(31) || person_id) as of_person
    from delivered_ids
    cross join (select distinct "key" from requests) as secret
)

select
    case when of_customer in (select request from requests) then of_customer else of_person end as request,
    source_table,
    {{ customer_scores.digest(['customer_id', 'person_id']) }} as id_digest,
    row_count
from keyed
where of_customer in (select request from requests) or of_person in (select request from requests)
{%- endset -%}
{%- do run_query(
    erased_rows if file
    else "create or replace table raw.erased_rows (request varchar, source_table varchar, id_digest bigint, row_count bigint)"
) -%}
{%- set is_any = run_query("select 1 from raw.erased_rows limit 1").rows | length > 0 -%}
{%- for table in tables -%}
    {%- set of_others = " where " ~ customer_scores.digest(ids[table]) ~ " not in (select erased_rows.id_digest from raw.erased_rows)" -%}
    {%- do run_query("create or replace view raw." ~ table ~ " as select * from delivered." ~ table ~ (of_others if is_any else "")) -%}
{%- endfor -%}
{% endmacro %}
