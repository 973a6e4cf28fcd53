"""dlt's documented way from NDJSON files to DuckDB, run by `normalize.py` in an environment of its own.

    python benchmarks/dlt_peer.py <folder of .ndjson files> <work folder> <hints as JSON>

filesystem source, `read_jsonl`, every column declared, schema contract on (rows of another type and columns that
are not declared are dropped), Parquet as the loader's format. The files are clean: its reader stops at the first
line that is no JSON.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Load the folder and print what it took."""
    source, work, hints = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt  # type: ignore[import-not-found] # noqa: PLC0415 - counted as start-up, and there in the peer's environment only
    from dlt.sources.filesystem import filesystem, read_jsonl  # type: ignore[import-not-found] # noqa: PLC0415 - as above

    begun, cpu = time.perf_counter(), time.process_time()
    files = filesystem(bucket_url=source.as_uri(), file_glob="*.ndjson")
    rows = (files | read_jsonl()).with_name("activity")
    rows.apply_hints(columns=hints, schema_contract={"columns": "discard_value", "data_type": "discard_row"})
    pipeline = dlt.pipeline(
        "peer", pipelines_dir=str(work / "dlt"), destination=dlt.destinations.duckdb(str(work / "peer.duckdb"))
    )
    pipeline.run(rows, loader_file_format="parquet", write_disposition="append")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - cpu,
        "peak_mib": usage.ru_maxrss / 1024,
        "version": f"dlt {dlt.__version__}",
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
