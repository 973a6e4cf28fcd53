"""Log output of the pipeline: text, or one JSON object per line.

Belongs here: format, destination and common fields of log lines.
Does not belong here: what is logged; each module logs its own events.
"""

from cdp_etl.logs.configure import configure_logs, writes_json
from cdp_etl.logs.context import log_context
from cdp_etl.logs.json_lines import JsonFormatter

__all__ = ["JsonFormatter", "configure_logs", "log_context", "writes_json"]
