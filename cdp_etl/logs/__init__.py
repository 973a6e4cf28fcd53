"""What is told line by line while the pipeline works: one JSON object a line where that is asked for.

Put here the form of a line and what stands in each. What is worth a line is decided where it happens.
"""

from cdp_etl.logs.configure import configure_logs, writes_json
from cdp_etl.logs.context import log_context
from cdp_etl.logs.json_lines import JsonFormatter

__all__ = ["JsonFormatter", "configure_logs", "log_context", "writes_json"]
