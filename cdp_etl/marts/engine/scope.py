"""Slices that the change feed names by itself: the columns that tell them apart are columns of the feed.

A record's rows in a mart belong to the group that its own columns name. The feed holds these columns of every
affected record as they were and as they are, for every load since: so the groups before and after are all the
groups that differ, whenever the marts between were run.
"""

from cdp_etl.marts.engine.mart import KeyFilter, RefreshScope


def feed_scope(columns: tuple[str, ...], inputs: tuple[str, ...]) -> RefreshScope:
    """Give slices told apart by columns of the feed, which the mart and each of its inputs have too.

    A mart of days made from `interaction`, which knows all days, is rebuilt some days at a time.
    """
    is_parted = "activity_date" in columns and "interaction" in inputs
    is_whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    cut = KeyFilter("affected", columns)
    return RefreshScope(
        tables={"affected": f"SELECT DISTINCT {', '.join(columns)} FROM pending WHERE {is_whole}"},
        mart=cut,
        inputs=dict.fromkeys(inputs, cut),
        chunk_by=("activity_date",) if is_parted else (),
    )
