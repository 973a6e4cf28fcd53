"""Sentences about dumps. One that several dumps share is shown once, with the dumps that it is about."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

_MAX_NAMED = 3

Dump = tuple[date, str]
"""Dump date and name of the entity."""


def sentences_once(sentences: Iterable[tuple[Dump, str]]) -> Iterator[str]:
    """Yield each sentence once, in the order of its first dump, after the dumps that it is about."""
    about: dict[str, list[Dump]] = {}
    for dump, sentence in sentences:
        about.setdefault(sentence, []).append(dump)
    for sentence, dumps in about.items():
        yield f"{_names(dumps)}: {sentence}"


def _names(dumps: Sequence[Dump]) -> str:
    if len(dumps) <= _MAX_NAMED:
        return ", ".join(f"{day} {entity}" for day, entity in dumps)
    days = sorted({day for day, _ in dumps})
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{span}, {len(dumps)} dumps"


def failures_once(failures: Iterable[str]) -> Iterator[str]:
    """Yield the failures of runs; first lines with the same lines below them are joined, these are shown once."""
    titles: dict[str, list[str]] = {}
    for failure in failures:
        title, _, details = failure.partition("\n")
        titles.setdefault(details, []).append(title)
    for details, of_details in titles.items():
        yield "\n".join([*dict.fromkeys(of_details), *([details] if details else [])])
