"""Map the invoice lines of the Online Retail data set to events and customers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mapping import write_raw_folder

WHERE_TO_FIND = (
    "It is the data set Online Retail of the UCI Machine Learning Repository (Chen et al. 2012), which the CRAN "
    "package onlineretail 0.1.2 carries under CC0: save its table as online_retail.parquet and name the folder "
    "with --data."
)

# The position makes the id: the file has none, and 5,268 of its lines are the same as another in every column.
SOURCE = """
select
    file_row_number + 1 as position,
    cast(cast(CustomerID as integer) as varchar) as customer_id,
    *
from read_parquet($1, file_row_number = true)
"""

# Price times quantity in decimals: in floating point the sum would depend on the order of the lines.
EVENTS = """
select
    cast(position as varchar) as event_id,
    customer_id,
    case
        when starts_with(InvoiceNo, 'C') then 'return'
        when starts_with(InvoiceNo, 'A') or Quantity < 0 then 'adjustment'
        else 'purchase'
    end as event_type,
    InvoiceDate as occurred_at,
    InvoiceNo as session_id,
    cast(cast(Quantity as integer) * cast(UnitPrice as decimal(12, 3)) as decimal(18, 3)) as amount
from source
order by position
"""

# One version per change of country, so that the past of a customer who moved stays where it was.
CUSTOMERS = """
select
    customer_id,
    InvoiceDate as updated_at,
    Country as region
from source
where customer_id is not null
qualify Country is distinct from lag(Country) over (partition by customer_id order by InvoiceDate, position)
order by customer_id, InvoiceDate
"""

if __name__ == "__main__":
    write_raw_folder(
        Path(__file__).resolve().parent,
        "online_retail.parquet",
        WHERE_TO_FIND,
        SOURCE,
        {"events": EVENTS, "customers": CUSTOMERS},
    )
