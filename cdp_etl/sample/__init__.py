"""Generator of realistic sample dumps for the demo, the tests and the benchmarks.

`python -m cdp_etl.sample` writes the committed landing zone `data/landing` again, byte for byte.

Belongs here: random data, faults, file formats and the expected counts of generated dumps.
Does not belong here: reading dumps.
"""

from cdp_etl.sample.errors import SampleError
from cdp_etl.sample.expected import ExpectedCounts
from cdp_etl.sample.generator import generate

__all__ = ["ExpectedCounts", "SampleError", "generate"]
