-- One row per customer.
select
    account as customer_id,
    tier,
    country,
    since as updated_at
from {{ ref('accounts') }}
