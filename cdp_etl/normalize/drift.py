"""Whether a dump still looks like the dumps before it: keys, absent fields, values of open vocabularies.

A comparison of counts that normalizing has kept (`NormalizedDump`), no reading. Put here what counts as a change
and the sentences that tell it; docs/drift.md explains both. A sentence names fields, keys and vocabulary words,
never a value that may be a person's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import reads_as_a_name
from cdp_etl.normalize.counts import MOST_VALUES
from cdp_etl.normalize.lake.result import NormalizedDump

DUMPS_COMPARED: Final = 14
"""House rule: two weeks, so that each day of the week is in them twice."""

FEWEST_DUMPS: Final = 3
"""House rule: with fewer dumps before it, nothing is said of a dump."""

FEWEST_RECORDS: Final = 30
"""House rule: shares of fewer records say nothing."""

_LEAST_MOVE: Final = 0.05
"""House rule: a share that moved by less than five points is of no interest, however sure."""

_CHANCE: Final = 1e-4
"""House rule: what chance does once in 10,000 dumps is a change; some 150 shares are looked at a day."""

_ONE_OUT_OF: Final = 5
"""House rule: a fifth of the dumps at each end, rounded down, is left out of what is usual."""

_UNLIKELY: Final = 0.001
"""House rule: a key is gone where chance would leave it out of a dump like this once in a thousand times."""

_NO_SHARES: Final = f"Shares of absent fields are compared from {FEWEST_RECORDS} valid records a dump on."
_MOST_NAMED: Final = 10
_WORD: Final = re.compile(r"[^\W\d][\w .&/+-]{0,39}")
_MOST_DIGITS: Final = 4
_VOCABULARIES: Final = frozenset({"action", "event", "service_provider"})
"""Columns whose values the contract itself lists some of: words, and nobody's data."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What a comparison came to.

    Attributes:
        dump_date: The dump that was looked at.
        records: Its valid records: the counts are of these.
        compared_with: How many dumps before it held a valid record; fewer than `FEWEST_DUMPS` say nothing.
        changes: What changed, in sentences.
        notes: What was not looked at, and why.
    """

    dump_date: date
    records: int
    compared_with: int
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say in one sentence what came of it."""
        if self.changes:
            return f"{len(self.changes)} {'change' if len(self.changes) == 1 else 'changes'}. {self.changes[0]}"
        if self.compared_with < FEWEST_DUMPS or not self.records:
            return self.notes[0]
        return f"Looks like the {self.compared_with} dumps before it."


def compare(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Drift:
    """Compare a dump with those before it.

    Args:
        entity: The entity of all of them.
        dump: The dump.
        before: Dumps of earlier dates, `DUMPS_COMPARED` of them or fewer, in any order.
    """
    usual = [one for one in before if _valid(one)]
    if len(usual) < FEWEST_DUMPS:
        fact = f"Only {len(usual)} dumps before it hold a valid record; {FEWEST_DUMPS} are needed to compare with."
        return Drift(dump.dump_date, _valid(dump), len(usual), notes=(fact,))
    if not _valid(dump):
        return Drift(dump.dump_date, 0, len(usual), notes=("No record of the dump is valid.",))
    has_shares = _valid(dump) >= FEWEST_RECORDS and len(_large(usual)) >= FEWEST_DUMPS
    return Drift(
        dump.dump_date,
        _valid(dump),
        len(usual),
        changes=(
            *_new_keys(dump, usual),
            *_vanished_keys(dump, usual),
            *(_moved_shares(entity, dump, _large(usual)) if has_shares else ()),
            *_new_values(entity, dump, usual),
        ),
        notes=(*(() if has_shares else (_NO_SHARES,)), *_values_not_compared(entity, usual)),
    )


def _valid(dump: NormalizedDump) -> int:
    return dump.accepted + dump.superseded


def _new_keys(dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    known = {key for one in before for key in one.unknown_keys}
    new = {key: count for key, count in dump.unknown_keys.items() if key not in known}
    named = _keys_named(new)
    for key in named:
        yield (
            f"New key `{key}` in {new[key]} of {_valid(dump)} records: "
            f"not in the contract, and in none of the {len(before)} dumps before."
        )
    if len(new) > len(named):
        yield f"{len(new) - len(named)} {'more ' if named else ''}new keys, not named here."


def _vanished_keys(dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    records = sum(map(_valid, before))
    counts = {key: [one.unknown_keys.get(key, 0) for one in before] for one in before for key in one.unknown_keys}
    gone = {}
    for key, found in counts.items():
        share = min(sum(found) / records, 1.0)
        is_usual = sum(count > 0 for count in found) * 2 > len(before)
        if key not in dump.unknown_keys and is_usual and (1 - share) ** _valid(dump) < _UNLIKELY:
            gone[key] = sum(found)
    named = _keys_named(gone)
    for key in named:
        yield (
            f"Key `{key}` is gone: in none of {_valid(dump)} records, "
            f"before in {gone[key] / records:.1%} of those of {len(before)} dumps."
        )
    if len(gone) > len(named):
        yield f"{len(gone) - len(named)} {'more ' if named else ''}keys are gone, not named here."


def _moved_shares(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for field in entity.fields:
        usual = [one for one in before if field.name in one.null_counts]
        if len(usual) < FEWEST_DUMPS:  # the contract gained the field lately
            continue
        share = dump.null_counts.get(field.name, 0) / _valid(dump)
        shares = sorted(one.null_counts[field.name] / _valid(one) for one in usual)
        left_out = len(shares) // _ONE_OUT_OF
        least, most = shares[left_out], shares[-1 - left_out]
        records = sum(map(_valid, usual))
        absent = sum(one.null_counts[field.name] for one in usual)
        # The overall share is usual too, where a rare absence is in few of the dumps.
        nearest = min(max(share, min(least, absent / records)), max(most, absent / records))
        # It is known from so many records only: one more with and one more without keep it from 0 and 1.
        expected = (nearest * records + 1) / (records + 2)
        if abs(share - nearest) >= _LEAST_MOVE and _chance(share, _valid(dump), expected) < _CHANCE:
            span = f"{least:.1%}" if least == most else f"from {least:.1%} to {most:.1%}"
            yield f"`{field.contract_name}` is absent from {share:.1%} of {_valid(dump)} records; usual is {span}."


def _chance(share: float, records: int, expected: float) -> float:
    """Bound how likely a share as far from the expected one is in so many records (Chernoff)."""
    divergence = sum(
        found * log(found / usual) for found, usual in ((share, expected), (1 - share, 1 - expected)) if found
    )
    return exp(-records * divergence)


def _new_values(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for column, values in dump.open_values.items():
        if _is_cut(column, before):
            continue
        known = {value for one in before for value in one.open_values.get(column, {})}
        new = {value: count for value, count in values.items() if value not in known}
        name = _contract_name(entity, column)
        # So many new ones at once are hardly words: the source may have put something else there.
        named = _named(new) if column in _VOCABULARIES and len(new) <= _MOST_NAMED else []
        for value in named:
            yield f"New value of `{name}`: `{value}`, in {new[value]} of {_valid(dump)} records."
        if len(new) > len(named):
            yield f"{len(new) - len(named)} {'more ' if named else ''}new values of `{name}`, not named here."


def _values_not_compared(entity: Entity, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for column in sorted({column for one in before for column in one.open_values}):
        if _is_cut(column, before):
            yield f"`{_contract_name(entity, column)}` has more than {MOST_VALUES} values; new ones are not told."


def _is_cut(column: str, before: Sequence[NormalizedDump]) -> bool:
    """Tell whether some values of a column were not kept, so that one that seems new need not be."""
    return any(len(one.open_values.get(column, {})) >= MOST_VALUES for one in before)


def _large(dumps: Sequence[NormalizedDump]) -> list[NormalizedDump]:
    return [dump for dump in dumps if _valid(dump) >= FEWEST_RECORDS]


def _contract_name(entity: Entity, column: str) -> str:
    return next(field.contract_name for field in entity.fields if field.name == column)


def _keys_named(counts: dict[str, int]) -> list[str]:
    """Choose which keys may be named: the commonest of those that read as a field's name."""
    return _commonest(counts, [key for key in counts if reads_as_a_name(key)])


def _named(counts: dict[str, int]) -> list[str]:
    """Choose which values may be named: the commonest, and none that looks like a phone or a sentence."""
    words = [
        name
        for name in counts
        if _WORD.fullmatch(name) and sum(character.isdigit() for character in name) <= _MOST_DIGITS
    ]
    return _commonest(counts, words)


def _commonest(counts: dict[str, int], names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: (-counts[name], name))[:_MOST_NAMED]
