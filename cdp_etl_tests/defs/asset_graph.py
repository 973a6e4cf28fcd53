"""Assets and their edges as text. `python -m cdp_etl_tests.defs.asset_graph` rewrites the expected file."""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from cdp_etl.defs.build import build_definitions
from cdp_etl.settings import Settings

GRAPH = Path(__file__).with_suffix(".txt")


def graph_lines(specs: Iterable[dg.AssetSpec]) -> list[str]:
    """Return a line for each asset: its key and its upstream keys."""
    return [
        " ".join([spec.key.to_user_string(), "<-", *sorted(dep.asset_key.to_user_string() for dep in spec.deps)])
        for spec in sorted(specs, key=lambda spec: spec.key.to_user_string())
    ]


if __name__ == "__main__":
    every_spec = build_definitions(Settings(data=Path("data"))).resolve_all_asset_specs()
    GRAPH.write_text("".join(f"{line}\n" for line in graph_lines(every_spec)), encoding="utf-8")
