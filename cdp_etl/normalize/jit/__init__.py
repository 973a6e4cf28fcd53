"""Text read by compiled code: what numba makes machine code of, and nothing else.

One pass over a batch's bytes checks that each record is strict JSON, finds its keys, and puts its values into
columns, where each value is plain; what is not goes to the exact lane. Functions here know numbers and addresses
alone: no text, no polars, no rule of a field but its type. `json_columns.py` calls `records.scan_records`.
"""
