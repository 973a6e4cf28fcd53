"""Comparison of the rows that two DuckDB versions computed at each step of a history, for the soak.

    python benchmarks/soak_compare.py EXPORTS OTHER_EXPORTS

Compare by EXCEPT ALL in both directions. Print the differences as a JSON list of sentences.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import literal


def differences(exports: Path, other_exports: Path) -> Iterator[str]:
    """Yield a sentence for each mart and step whose rows differ, for the steps that both replays reached."""
    connection = duckdb.connect()
    for path in sorted(exports.glob("step-*/*.parquet")):
        other = other_exports / path.relative_to(exports)
        if not other.parent.exists():
            continue
        counts = [
            connection.execute(
                f"SELECT count(*) FROM (FROM {literal(str(one))} EXCEPT ALL FROM {literal(str(two))})"
            ).fetchall()[0][0]
            for one, two in ((path, other), (other, path))
        ]
        here, there = counts
        if here or there:
            name = path.relative_to(exports)
            yield f"{name}: {here} rows only in {exports.name}, {there} only in {other_exports.name}"


if __name__ == "__main__":
    print(json.dumps(list(differences(Path(sys.argv[1]), Path(sys.argv[2])))))
