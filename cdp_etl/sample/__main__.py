"""`python -m cdp_etl.sample [FOLDER]`: write the committed sample landing zone."""

from argparse import ArgumentParser
from pathlib import Path

from cdp_etl.sample.demo_zone import write_demo_zone

if __name__ == "__main__":
    parser = ArgumentParser("python -m cdp_etl.sample", description="Write the committed sample landing zone.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/landing"), help="default: %(default)s")
    write_demo_zone(parser.parse_args().folder)
