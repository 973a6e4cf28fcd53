"""`python -m cdp_etl.sample [DIR]`: write the committed sample landing zone into DIR, else into `data/landing`."""

import sys
from pathlib import Path

from cdp_etl.sample.demo_zone import write_demo_zone

if __name__ == "__main__":
    write_demo_zone(Path(sys.argv[1] if len(sys.argv) > 1 else "data/landing"))
