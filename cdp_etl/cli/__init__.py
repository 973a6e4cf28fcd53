"""The command line `cdp-etl`.

Belongs here: options, calls of stages and jobs, printed results.
Does not belong here: decisions about data, which the stages make.

The exit status is 0 for success, 1 if a dump or a check failed, 2 for wrong options or settings.
"""

from cdp_etl.cli.app import main

__all__ = ["main"]
