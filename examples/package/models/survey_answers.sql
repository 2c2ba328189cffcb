-- One row per answer. Who was asked and did not answer is not in this company's table.
select
    ticket as answer_id,
    account as customer_id,
    ticket as respondent_id,
    'nps' as question,
    day as sent_at,
    day as answered_at,
    recommend as score
from {{ ref('feedback') }}
