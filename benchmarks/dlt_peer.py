"""Load of NDJSON files into DuckDB by dlt's documented method. `normalize.py` runs it in a separate environment.

    python benchmarks/dlt_peer.py <folder of .ndjson files> <work folder> <hints as JSON>

Filesystem source, `read_jsonl`, all columns declared, and Parquet as the loader's format. The schema contract
drops rows with other types and columns that are not declared. The files have no faults, because dlt's reader stops
at the first line that is not JSON.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Load the folder and print seconds, CPU seconds and peak memory."""
    source, work, hints = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt  # type: ignore[import-not-found] # noqa: PLC0415 - not measured, and only installed in dlt's environment
    from dlt.sources.filesystem import filesystem, read_jsonl  # type: ignore[import-not-found] # noqa: PLC0415 - as above

    started, cpu = time.perf_counter(), time.process_time()
    files = filesystem(bucket_url=source.as_uri(), file_glob="*.ndjson")
    rows = (files | read_jsonl()).with_name("activity")
    rows.apply_hints(columns=hints, schema_contract={"columns": "discard_value", "data_type": "discard_row"})
    pipeline = dlt.pipeline(
        "peer", pipelines_dir=str(work / "dlt"), destination=dlt.destinations.duckdb(str(work / "peer.duckdb"))
    )
    pipeline.run(rows, loader_file_format="parquet", write_disposition="append")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "peak_mib": usage.ru_maxrss / 1024,
        "version": f"dlt {dlt.__version__}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
