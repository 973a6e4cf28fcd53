"""Drift: differences between a dump and earlier ones in keys, absent fields and values of open vocabularies.

It compares counts that normalization stored (`NormalizedDump`); nothing is read again. `docs/drift.md` explains
what counts as a change. Messages name fields, keys and vocabulary words, never a value that may be personal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import looks_like_field_name
from cdp_etl.normalize.counts import MAX_VALUES, OTHER
from cdp_etl.normalize.lake.result import NormalizedDump

DUMPS_COMPARED: Final = 14
"""House rule: the baseline is two weeks, so that it contains each day of the week twice."""

MIN_DUMPS: Final = 3
"""House rule: with fewer dumps in the baseline nothing is compared."""

MIN_RECORDS: Final = 30
"""House rule: shares are compared only between dumps of at least this number of records."""

_MIN_SHARE_CHANGE: Final = 0.05
"""House rule: a change of less than five points is ignored, however significant."""

_SIGNIFICANCE_LEVEL: Final = 1e-4
"""House rule: a change must be less probable than once in 10,000 dumps; about 150 shares are compared a day."""

_TRIM_DIVISOR: Final = 5
"""House rule: one fifth of the dumps at each end, rounded down, is excluded from the usual range."""

_MAX_ABSENCE_PROBABILITY: Final = 0.001
"""House rule: a key has vanished if a dump of this size would lack it by chance less than once in 1,000 times."""

_NO_SHARES: Final = f"Shares of absent fields are compared from {MIN_RECORDS} valid records a dump on."
_MAX_NAMED: Final = 10
_WORD: Final = re.compile(r"[^\W\d][\w .&/+-]{0,39}")
_MAX_DIGITS: Final = 4
_VOCABULARIES: Final = frozenset({"action", "event", "service_provider"})
"""Columns for which the contract lists some values: their values are words and not personal."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Result of a comparison.

    Attributes:
        dump_date: Date of the dump that was compared.
        records: Number of its valid records; the counts are of these.
        compared_with: Number of earlier dumps with a valid record; nothing is compared below `MIN_DUMPS`.
        changes: One sentence per change.
        notes: What was not compared, and why.
    """

    dump_date: date
    records: int
    compared_with: int
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return the result in one sentence."""
        if self.changes:
            return f"{len(self.changes)} {'change' if len(self.changes) == 1 else 'changes'}. {self.changes[0]}"
        if self.compared_with < MIN_DUMPS or not self.records:
            return self.notes[0]
        return f"Looks like the {self.compared_with} dumps before it."


def compare(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Drift:
    """Compare a dump with earlier ones.

    Args:
        entity: The entity of all dumps.
        dump: The dump.
        before: At most `DUMPS_COMPARED` dumps of earlier dates, in any order.
    """
    baseline = [earlier for earlier in before if _valid(earlier)]
    if len(baseline) < MIN_DUMPS:
        fact = f"Only {len(baseline)} dumps before it contain a valid record; at least {MIN_DUMPS} are required."
        return Drift(dump.dump_date, _valid(dump), len(baseline), notes=(fact,))
    if not _valid(dump):
        return Drift(dump.dump_date, 0, len(baseline), notes=("No record of the dump is valid.",))
    has_shares = _valid(dump) >= MIN_RECORDS and len(_large(baseline)) >= MIN_DUMPS
    return Drift(
        dump.dump_date,
        _valid(dump),
        len(baseline),
        changes=(
            *_new_keys(dump, baseline),
            *_vanished_keys(dump, baseline),
            *(_changed_shares(entity, dump, _large(baseline)) if has_shares else ()),
            *_new_values(entity, dump, baseline),
        ),
        notes=(*(() if has_shares else (_NO_SHARES,)), *_values_not_compared(entity, baseline)),
    )


def _valid(dump: NormalizedDump) -> int:
    return dump.accepted + dump.superseded


def _new_keys(dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    known = {key for earlier in before for key in earlier.unknown_keys}
    new = {key: count for key, count in dump.unknown_keys.items() if key not in known}
    uncounted = new.pop(OTHER, 0)
    named = _nameable_keys(new)
    for key in named:
        yield (
            f"New key `{key}` in {new[key]} of {_valid(dump)} records: "
            f"not in the contract, and in none of the {len(before)} dumps before."
        )
    if len(new) > len(named):
        yield f"{len(new) - len(named)} {'more ' if named else ''}new keys, not named here."
    if uncounted:
        yield f"{uncounted} occurrences of `{OTHER}`: a key of this name, or keys that are not counted by name."


def _vanished_keys(dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    records = sum(map(_valid, before))
    counts = {
        key: [other.unknown_keys.get(key, 0) for other in before]
        for earlier in before
        for key in earlier.unknown_keys
        if key != OTHER
    }
    vanished = {}
    for key, found in counts.items():
        share = min(sum(found) / records, 1.0)
        is_usual = sum(count > 0 for count in found) * 2 > len(before)
        if key not in dump.unknown_keys and is_usual and (1 - share) ** _valid(dump) < _MAX_ABSENCE_PROBABILITY:
            vanished[key] = sum(found)
    named = _nameable_keys(vanished)
    for key in named:
        yield (
            f"Key `{key}` is gone: in none of {_valid(dump)} records, "
            f"before in {vanished[key] / records:.1%} of those of {len(before)} dumps."
        )
    if len(vanished) > len(named):
        yield f"{len(vanished) - len(named)} {'more ' if named else ''}keys are gone, not named here."


def _changed_shares(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for field in entity.fields:
        usual = [earlier for earlier in before if field.name in earlier.null_counts]
        if len(usual) < MIN_DUMPS:  # the field is new in the contract
            continue
        share = dump.null_counts.get(field.name, 0) / _valid(dump)
        shares = sorted(earlier.null_counts[field.name] / _valid(earlier) for earlier in usual)
        trimmed = len(shares) // _TRIM_DIVISOR
        lowest, highest = shares[trimmed], shares[-1 - trimmed]
        records = sum(map(_valid, usual))
        absent = sum(earlier.null_counts[field.name] for earlier in usual)
        # The overall share counts as usual too, because a rare absence occurs in few of the dumps.
        nearest = min(max(share, min(lowest, absent / records)), max(highest, absent / records))
        # Laplace smoothing: one record more with the field, and one without, keep the expected share off 0 and 1.
        expected = (nearest * records + 1) / (records + 2)
        is_large = abs(share - nearest) >= _MIN_SHARE_CHANGE
        if is_large and _probability(share, _valid(dump), expected) < _SIGNIFICANCE_LEVEL:
            span = f"{lowest:.1%}" if lowest == highest else f"from {lowest:.1%} to {highest:.1%}"
            yield f"`{field.contract_name}` is absent from {share:.1%} of {_valid(dump)} records; usual is {span}."


def _probability(share: float, records: int, expected: float) -> float:
    """Return an upper bound on the probability of a share this far from the expected one (Chernoff)."""
    divergence = sum(
        found * log(found / usual) for found, usual in ((share, expected), (1 - share, 1 - expected)) if found
    )
    return exp(-records * divergence)


def _new_values(entity: Entity, dump: NormalizedDump, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for column, values in dump.open_values.items():
        if _is_truncated(column, before):
            continue
        known = {value for earlier in before for value in earlier.open_values.get(column, {})}
        new = {value: count for value, count in values.items() if value not in known}
        name = _contract_name(entity, column)
        # Many new values at once are probably not words: the source may have put other data into the column.
        named = _nameable_values(new) if column in _VOCABULARIES and len(new) <= _MAX_NAMED else []
        for value in named:
            yield f"New value of `{name}`: `{value}`, in {new[value]} of {_valid(dump)} records."
        if len(new) > len(named):
            yield f"{len(new) - len(named)} {'more ' if named else ''}new values of `{name}`, not named here."


def _values_not_compared(entity: Entity, before: Sequence[NormalizedDump]) -> Iterator[str]:
    for column in sorted({column for earlier in before for column in earlier.open_values}):
        if _is_truncated(column, before):
            yield f"`{_contract_name(entity, column)}` has over {MAX_VALUES} values; new ones are not reported."


def _is_truncated(column: str, before: Sequence[NormalizedDump]) -> bool:
    """Return whether only the most common values of a column were stored, so that a value may look new."""
    return any(len(earlier.open_values.get(column, {})) >= MAX_VALUES for earlier in before)


def _large(dumps: Sequence[NormalizedDump]) -> list[NormalizedDump]:
    return [dump for dump in dumps if _valid(dump) >= MIN_RECORDS]


def _contract_name(entity: Entity, column: str) -> str:
    return next(field.contract_name for field in entity.fields if field.name == column)


def _nameable_keys(counts: dict[str, int]) -> list[str]:
    """Return the most common keys that look like a field's name and may therefore be shown."""
    return _most_common(counts, [key for key in counts if looks_like_field_name(key)])


def _nameable_values(counts: dict[str, int]) -> list[str]:
    """Return the most common values that look like neither a phone nor a sentence and may be shown."""
    words = [
        name
        for name in counts
        if _WORD.fullmatch(name) and sum(character.isdigit() for character in name) <= _MAX_DIGITS
    ]
    return _most_common(counts, words)


def _most_common(counts: dict[str, int], names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: (-counts[name], name))[:_MAX_NAMED]
