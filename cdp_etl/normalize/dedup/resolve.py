"""Which version of a record counts within a dump: the last one delivered among the valid ones (RULINGS 2, 3, 5).

Batches have written their accepted records already. Put here what makes of them the final accepted and superseded
ones: only files that hold a repeated key are written again, and never more than one is in memory.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from cdp_etl.contract.custom_field_merge import Version, fold
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import lake_columns
from cdp_etl.normalize.dedup.key_spill import REFUSED, KeyEntries, KeySpill, batch_of
from cdp_etl.normalize.errors import NEWER_VERSION_QUARANTINED
from cdp_etl.normalize.lake.part_files import PartFolder

_AT_ONCE: Final = 250_000
"""Entries of repeated keys that are decided together."""

_KEY_COLUMNS: Final = (
    "record_key",
    "source_file",
    "source_position",
    "custom_fields",
    "ignored_update_cfs",
    "record_status",
)
_DECISION: Final = pl.Schema(
    {
        "index": pl.Int64(),
        "by_file": pl.String(),
        "by_position": pl.Int64(),
        "has_refused_successor": pl.Boolean(),
        "folded_custom_fields": pl.String(),
        "folded_ignored_update_cfs": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True)
class VersionFolders:
    """Where a dump's valid records lie.

    Attributes:
        staged: What the batches wrote.
        accepted: Takes the versions that count.
        superseded: Takes the others, each with the place of the record that took its place.
    """

    staged: PartFolder
    accepted: PartFolder
    superseded: PartFolder


@dataclass(slots=True)
class VersionChanges:
    """What deciding between versions changed.

    Attributes:
        superseded: Records that a later one of the same key took the place of.
        with_warnings: How many more accepted records bear a warning than valid ones did before; mostly negative.
        warnings: The same, by warning.
    """

    superseded: int = 0
    with_warnings: int = 0
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "VersionChanges") -> None:
        """Take in what changed in another batch."""
        self.superseded += other.superseded
        self.with_warnings += other.with_warnings
        self.warnings.update(other.warnings)


def settle_versions(entity: Entity, keys: KeySpill, folders: VersionFolders, work: Path) -> VersionChanges:
    """Move the staged files to the accepted ones, writing again those that hold a repeated key.

    Args:
        entity: The entity of the dump.
        keys: The keys of all records, refused ones included where they have one.
        folders: Where the records lie.
        work: An empty directory for what does not fit into memory.
    """
    for number, group in enumerate(keys.repeated(_AT_ONCE)):
        for batch, decisions in _decide(entity, group, folders.staged).items():
            decisions.write_parquet(work / f"{batch}-{number}.parquet")
    changed = VersionChanges()
    for batch in folders.staged.numbers():
        decided = sorted(work.glob(f"{batch}-*.parquet"))
        if decided or folders.staged.scratch_path(batch).exists():
            decisions = pl.read_parquet(decided) if decided else pl.DataFrame(schema=_DECISION)
            changed.add(_rewrite(entity, decisions, batch, folders))
        else:
            folders.staged.path(batch).rename(folders.accepted.path(batch))
    return changed


def _decide(entity: Entity, group: KeyEntries, staged: PartFolder) -> dict[int, pl.DataFrame]:
    """Decide between the versions of some keys; give what becomes of each accepted record, by batch."""
    versions = _versions(group[group["index"] != REFUSED], staged)
    refused = group[group["index"] == REFUSED]
    last_refused = (
        pl.DataFrame({"hash": refused["hash"], "refused": refused["place"]})
        .group_by("hash")
        .agg(pl.col("refused").max())
    )
    is_last = pl.col("place") == pl.col("place").max().over("record_key")
    decided = versions.join(last_refused, on="hash", how="left").with_columns(
        is_last.alias("is_last"),
        *(
            pl.when(~is_last).then(pl.col(column).sort_by("place").last().over("record_key")).alias(name)
            for column, name in (("source_file", "by_file"), ("source_position", "by_position"))
        ),
        (is_last & (pl.col("refused") > pl.col("place"))).fill_null(value=False).alias("has_refused_successor"),
    )
    decided = decided.join(_folded(entity, versions), on="place", how="left")
    decided = decided.filter(
        pl.col("by_file").is_not_null()
        | pl.col("has_refused_successor")
        | pl.col("folded_ignored_update_cfs").is_not_null()
    )
    return {
        int(batch): part.select(_DECISION.names())
        for (batch,), part in decided.partition_by("batch", as_dict=True).items()
    }


def _versions(entries: KeyEntries, staged: PartFolder) -> pl.DataFrame:
    """Read what decides between versions, from the files that hold them."""
    batches = batch_of(entries["place"])
    parts: list[pl.DataFrame] = []
    for batch in np.unique(batches).tolist():
        chosen = entries[batches == batch]
        columns = staged.read(batch, list(_KEY_COLUMNS))
        parts.append(
            _compact(columns[chosen["index"].astype(np.int64)]).with_columns(
                pl.Series("hash", chosen["hash"]),
                pl.Series("place", chosen["place"]),
                pl.Series("index", chosen["index"].astype(np.int64)),
                pl.lit(batch).alias("batch"),
            )
        )
    return pl.concat(parts)


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the rows without what they were taken from: polars keeps all texts of a column for a few of them."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _folded(entity: Entity, versions: pl.DataFrame) -> pl.DataFrame:
    """Fold the versions of each key whose last one names custom fields that it must not change."""
    schema = {
        "place": pl.UInt64(),
        "folded_custom_fields": pl.String(),
        "folded_ignored_update_cfs": pl.List(pl.String()),
    }
    if not entity.supports_ignored_update_cfs:
        return pl.DataFrame(schema=schema)
    ordered = versions.sort("place")
    last = pl.col("ignored_update_cfs").last().over("record_key", mapping_strategy="join")
    chosen = ordered.filter((last.list.len() > 0) & (pl.len().over("record_key") > 1))
    rows = [
        {
            "place": history["place"][-1],
            "folded_custom_fields": folded.custom_fields,
            "folded_ignored_update_cfs": sorted(folded.ignored),
        }
        for history in _histories(chosen)
        for folded in [fold(_version(row) for row in history.iter_rows(named=True))]
    ]
    return pl.DataFrame(rows, schema=schema)


def _histories(ordered: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield from ordered.partition_by("record_key", maintain_order=True) if len(ordered) else ()


def _version(row: dict[str, Any]) -> Version:
    return Version(
        row["custom_fields"], frozenset(row["ignored_update_cfs"] or ()), row["record_status"] == "Deleted"
    )


def _rewrite(entity: Entity, decisions: pl.DataFrame, batch: int, folders: VersionFolders) -> VersionChanges:
    """Write one batch's file again, split into the versions that count and those that do not."""
    columns = polars_schema(lake_columns(entity)).names()
    rows = folders.staged.read(batch)
    decided = rows[decisions["index"]].hstack(decisions.drop("index").rename(lambda name: f"{name} decided"))
    is_superseded = pl.col("by_file decided").is_not_null()
    lost = decided.filter(is_superseded).select(
        *columns, by_file="by_file decided", by_position="by_position decided"
    )
    warning = pl.lit([NEWER_VERSION_QUARANTINED], pl.List(pl.String()))
    told = pl.when("has_refused_successor decided").then(pl.col("warnings").list.concat(warning))
    changed = decided.filter(~is_superseded).with_columns(
        told.otherwise("warnings").alias("warnings"),
        folded_custom_fields="folded_custom_fields decided",
        folded_ignored_update_cfs="folded_ignored_update_cfs decided",
    )
    is_undecided = np.ones(len(rows), np.bool_)
    is_undecided[decisions["index"].to_numpy()] = False
    kept = pl.concat([rows.filter(pl.Series(is_undecided)).select(columns), changed.select(columns)])
    folders.accepted.write(batch, kept)
    folders.superseded.write(batch, lost)
    folders.staged.remove(batch)
    return _changes(before=rows, after=kept, superseded=len(lost))


def _changes(*, before: pl.DataFrame, after: pl.DataFrame, superseded: int) -> VersionChanges:
    changes = VersionChanges(superseded)
    for frame, sign in ((after, 1), (before, -1)):
        warned = frame["warnings"].filter(frame["warnings"].list.len() > 0)
        changes.with_warnings += sign * len(warned)
        for warning, count in warned.explode().value_counts().iter_rows():
            changes.warnings[warning] += sign * count
    return changes
