"""Why a step failed, in a sentence that holds no record's values.

Put here how a failure is told. What is done about it stands with those who hear of it.
"""

import dagster as dg


def failure_sentence(event: dg.DagsterEvent) -> str:
    """Say why a step failed: in our own words where there are, else by the kind of error alone."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    return f"{event.step_key}: {data.error.cls_name if data.error else 'failed'}"
