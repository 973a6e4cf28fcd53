"""Resolution of repeated keys within a dump: of the valid versions the last delivered one is accepted.

Batches have written their valid records already. Only files with a repeated key are written again, one at a time,
so that memory stays bounded.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from cdp_etl.contract.custom_field_merge import CustomFieldVersion, merge_versions
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import lake_columns, normalized_name
from cdp_etl.normalize.dedup.key_spill import QUARANTINED_INDEX, KeyEntries, KeySpill, batch_numbers
from cdp_etl.normalize.errors import NEWER_VERSION_QUARANTINED
from cdp_etl.normalize.lake.part_files import PartFolder

_MAX_GROUP_ENTRIES: Final = 250_000
"""Number of entries of repeated keys that are resolved together."""

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
        "has_quarantined_successor": pl.Boolean(),
        "folded_custom_fields": pl.String(),
        "folded_ignored_update_cfs": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True)
class DedupFolders:
    """Folders of a dump's valid records.

    Attributes:
        staged: The records that the batches wrote.
        accepted: Receives the accepted versions.
        superseded: Receives the other versions, each with file and position of the record that supersedes it.
    """

    staged: PartFolder
    accepted: PartFolder
    superseded: PartFolder


@dataclass(slots=True)
class DedupResult:
    """Changes to a dump's counts by the resolution of duplicates.

    Attributes:
        superseded: Number of superseded records.
        differing: Number of those that differ from the accepted version in timestamp or recipient; only e-mail and
            SMS events are compared.
        with_warnings: Change in the number of records with a warning; mostly negative.
        warnings: The same change by warning.
    """

    superseded: int = 0
    differing: int = 0
    with_warnings: int = 0
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "DedupResult") -> None:
        """Add the changes of another batch."""
        self.superseded += other.superseded
        self.with_warnings += other.with_warnings
        self.warnings.update(other.warnings)


def resolve_duplicates(entity: Entity, keys: KeySpill, folders: DedupFolders, work: Path) -> DedupResult:
    """Move the staged files to the accepted ones, and rewrite those with a repeated key.

    Args:
        entity: The entity of the dump.
        keys: The keys of all records that have one, quarantined records included.
        folders: Folders of the valid records.
        work: An empty directory for data that exceeds the memory.
    """
    result = DedupResult()
    for number, group in enumerate(keys.repeated(_MAX_GROUP_ENTRIES)):
        versions = _versions(entity, group[group["index"] != QUARANTINED_INDEX], folders.staged)
        result.differing += _count_differing(entity, versions)
        for batch, decisions in _decide(entity, group, versions).items():
            decisions.write_parquet(work / f"{batch}-{number}.parquet")
    for batch in folders.staged.numbers():
        decided = sorted(work.glob(f"{batch}-*.parquet"))
        if decided or folders.staged.scratch_path(batch).exists():
            decisions = pl.read_parquet(decided) if decided else pl.DataFrame(schema=_DECISION)
            result.add(_rewrite(entity, decisions, batch, folders))
        else:
            folders.staged.path(batch).rename(folders.accepted.path(batch))
    return result


def _count_differing(entity: Entity, versions: pl.DataFrame) -> int:
    """Count the versions that are another message than the accepted one: another timestamp or recipient.

    An event of a message does not change. Other records do: a review is edited, a comment gets another customer.
    """
    if entity.has_customer:
        return 0
    columns = [pl.col(name) for name in _compared_columns(entity)]
    last = [column.sort_by("position").last().over("record_key") for column in columns]
    differs = [column.ne_missing(newest) for column, newest in zip(columns, last, strict=True)]
    return int(versions.select(pl.any_horizontal(differs).sum()).item())


def _compared_columns(entity: Entity) -> list[str]:
    return ["occurred_at", *(normalized_name(field) for field in entity.contacts)]


def _decide(entity: Entity, group: KeyEntries, versions: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Resolve some keys; return the decision on each record that changes, by batch."""
    quarantined = group[group["index"] == QUARANTINED_INDEX]
    last_quarantined = (
        pl.DataFrame({"hash": quarantined["hash"], "quarantined": quarantined["position"]})
        .group_by("hash")
        .agg(pl.col("quarantined").max())
    )
    is_last = pl.col("position") == pl.col("position").max().over("record_key")
    decided = versions.join(last_quarantined, on="hash", how="left").with_columns(
        is_last.alias("is_last"),
        *(
            pl.when(~is_last).then(pl.col(column).sort_by("position").last().over("record_key")).alias(name)
            for column, name in (("source_file", "by_file"), ("source_position", "by_position"))
        ),
        (is_last & (pl.col("quarantined") > pl.col("position")))
        .fill_null(value=False)
        .alias("has_quarantined_successor"),
    )
    decided = decided.join(_merge_custom_fields(entity, versions), on="position", how="left")
    decided = decided.filter(
        pl.col("by_file").is_not_null()
        | pl.col("has_quarantined_successor")
        | pl.col("folded_ignored_update_cfs").is_not_null()
    )
    return {
        int(batch): part.select(_DECISION.names())
        for (batch,), part in decided.partition_by("batch", as_dict=True).items()
    }


def _versions(entity: Entity, entries: KeyEntries, staged: PartFolder) -> pl.DataFrame:
    """Read the columns needed for a decision, from the files that contain the versions."""
    names = list(_KEY_COLUMNS) + ([] if entity.has_customer else _compared_columns(entity))
    batches = batch_numbers(entries["position"])
    parts: list[pl.DataFrame] = []
    for batch in np.unique(batches).tolist():
        chosen = entries[batches == batch]
        columns = staged.read(batch, names)
        parts.append(
            _compact(columns[chosen["index"].astype(np.int64)]).with_columns(
                pl.Series("hash", chosen["hash"]),
                pl.Series("position", chosen["position"]),
                pl.Series("index", chosen["index"].astype(np.int64)),
                pl.lit(batch).alias("batch"),
            )
        )
    return pl.concat(parts)


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy the rows to free the strings of all others: polars shares the buffers of the original column."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _merge_custom_fields(entity: Entity, versions: pl.DataFrame) -> pl.DataFrame:
    """Merge the versions of each key whose last version lists `ignoredUpdateCfs`."""
    schema = {
        "position": pl.UInt64(),
        "folded_custom_fields": pl.String(),
        "folded_ignored_update_cfs": pl.List(pl.String()),
    }
    if not entity.supports_ignored_update_cfs:
        return pl.DataFrame(schema=schema)
    ordered = versions.sort("position")
    last = pl.col("ignored_update_cfs").last().over("record_key", mapping_strategy="join")
    chosen = ordered.filter((last.list.len() > 0) & (pl.len().over("record_key") > 1))
    rows = [
        {
            "position": history["position"][-1],
            "folded_custom_fields": merged.custom_fields,
            "folded_ignored_update_cfs": sorted(merged.ignored),
        }
        for history in _histories(chosen)
        for merged in [merge_versions(_version(row) for row in history.iter_rows(named=True))]
    ]
    return pl.DataFrame(rows, schema=schema)


def _histories(ordered: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield from ordered.partition_by("record_key", maintain_order=True) if len(ordered) else ()


def _version(row: dict[str, Any]) -> CustomFieldVersion:
    return CustomFieldVersion(
        row["custom_fields"], frozenset(row["ignored_update_cfs"] or ()), row["record_status"] == "Deleted"
    )


def _rewrite(entity: Entity, decisions: pl.DataFrame, batch: int, folders: DedupFolders) -> DedupResult:
    """Split one batch's staged file into accepted and superseded records."""
    columns = polars_schema(lake_columns(entity)).names()
    rows = folders.staged.read(batch)
    decided = rows[decisions["index"]].hstack(decisions.drop("index").rename(lambda name: f"{name} decided"))
    is_superseded = pl.col("by_file decided").is_not_null()
    superseded = decided.filter(is_superseded).select(
        *columns, by_file="by_file decided", by_position="by_position decided"
    )
    warning = pl.lit([NEWER_VERSION_QUARANTINED], pl.List(pl.String()))
    with_warning = pl.when("has_quarantined_successor decided").then(pl.col("warnings").list.concat(warning))
    changed = decided.filter(~is_superseded).with_columns(
        with_warning.otherwise("warnings").alias("warnings"),
        folded_custom_fields="folded_custom_fields decided",
        folded_ignored_update_cfs="folded_ignored_update_cfs decided",
    )
    is_undecided = np.ones(len(rows), np.bool_)
    is_undecided[decisions["index"].to_numpy()] = False
    accepted = pl.concat([rows.filter(pl.Series(is_undecided)).select(columns), changed.select(columns)])
    folders.accepted.write(batch, accepted)
    folders.superseded.write(batch, superseded)
    folders.staged.remove(batch)
    return _compare_warnings(before=rows, after=accepted, superseded=len(superseded))


def _compare_warnings(*, before: pl.DataFrame, after: pl.DataFrame, superseded: int) -> DedupResult:
    result = DedupResult(superseded)
    for frame, sign in ((after, 1), (before, -1)):
        warned = frame["warnings"].filter(frame["warnings"].list.len() > 0)
        result.with_warnings += sign * len(warned)
        for warning, count in warned.explode().value_counts().iter_rows():
            result.warnings[warning] += sign * count
    return result
