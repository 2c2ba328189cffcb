"""Map the transactions of the CDNOW customer sample to purchase events."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mapping import write_raw_folder

WHERE_TO_FIND = (
    "It comes with the Python package lifetimes (MIT licence; data of Fader and Hardie, "
    "http://brucehardie.com/datasets/): install the test extra or lifetimes==0.11.3, or name the folder that has the "
    "file with --data."
)

# Looked up, not imported: the package imports modules that newer Pythons lack, and only its file is wanted.
PACKAGE = find_spec("lifetimes")
DATA = Path(PACKAGE.origin).parent / "datasets" if PACKAGE and PACKAGE.origin else Path("lifetimes/datasets")

# Columns are set apart by any number of spaces: number in the full file, number in the sample, day, CDs, dollars.
SOURCE = r"""
select
    position,
    regexp_extract_all(line, '\S+') as field
from read_text($1)
cross join unnest(string_split(content, chr(10))) with ordinality as lines (line, position)
where regexp_matches(line, '\S')
"""

# The contract holds times before 2000 for a fault. 1997 and 1998 have the weekdays and lengths of 2014 and 2015, so 17
# years later every interval, weekday and month is what it was.
EVENTS = """
select
    cast(position as varchar) as event_id,
    cast(cast(field[2] as integer) as varchar) as customer_id,
    'purchase' as event_type,
    strptime(field[3], '%Y%m%d') + interval 17 years as occurred_at,
    cast(field[5] as decimal(18, 2)) as amount,
    cast(json_object('cds', cast(field[4] as integer)) as varchar) as properties
from source
order by position
"""

if __name__ == "__main__":
    write_raw_folder(
        Path(__file__).resolve().parent, "CDNOW_sample.txt", WHERE_TO_FIND, SOURCE, {"events": EVENTS}, data=DATA
    )
