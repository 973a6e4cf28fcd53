"""`cdp-etl`: what a person or a cron line asks of the pipeline.

One module a group of commands, put together in `app.py`. A command reads its options, calls a stage and prints; it
decides nothing about data. Exit codes: 0 done, 1 a day or a check did not get through, 2 wrong usage or settings.
"""

from cdp_etl.cli.app import main

__all__ = ["main"]
