"""Realistic dumps, made up: for the demo, the tests and the benchmarks.

`python -m cdp_etl.sample` writes the committed sample landing zone `data/landing` again, byte for byte.
Nothing here reads a dump.
"""

from cdp_etl.sample.errors import SampleError
from cdp_etl.sample.expected import ExpectedCounts
from cdp_etl.sample.generator import generate

__all__ = ["ExpectedCounts", "SampleError", "generate"]
