"""Vocabulary in force: the presets, extended by a profile.

A preset applies to events of its provider. For an unknown provider only words count that mean the same in all
presets. Words of numbers never do.
"""

import hashlib
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from cdp_etl.errors import UsageError
from cdp_etl.vocabulary.types import ACTION_TYPES, EVENT_TYPES

ANY_PROVIDER = ""
"""Provider of the words that count for providers without a preset."""

_PROVIDER_KEYS = {"names", "source", "machine_flags", "events"}


class VocabularyError(UsageError):
    """A profile cannot be read, or it names an unknown type. The message has no value of a record."""


class EventWord(NamedTuple):
    """A word of a provider and its meaning, both as `word_key` gives them."""

    provider: str
    word: str
    event_type: str


@dataclass(frozen=True, slots=True)
class _Provider:
    """A provider's preset.

    Attributes:
        names: Keys of the names by which records call the provider.
        source: Address of the provider's documentation.
        machine_flags: Names of extra fields that mark an open or a click as that of a machine.
        events: Event type by the key of the word.
    """

    names: tuple[str, ...]
    source: str
    machine_flags: tuple[str, ...]
    events: Mapping[str, str]


@dataclass(frozen=True)
class Vocabulary:
    """Meaning of words.

    Attributes:
        providers: Presets by name.
        general: Event types by word that hold for every provider.
        action_types: Action types by the key of the word.
    """

    providers: Mapping[str, _Provider]
    general: Mapping[str, str]
    action_types: Mapping[str, str]

    @cached_property
    def event_words(self) -> Sequence[EventWord]:
        """All words by provider, in order. `ANY_PROVIDER` has those for unknown providers."""
        return sorted({*self._words()})

    @cached_property
    def machine_flags(self) -> Sequence[str]:
        """Names of extra fields that mark an open or a click as that of a machine, of all providers."""
        return sorted({flag for provider in self.providers.values() for flag in provider.machine_flags})

    @cached_property
    def event_digest(self) -> str:
        """Hash that changes with every meaning of an event's word."""
        text = repr((self.event_words, self.machine_flags))
        return hashlib.sha256(text.encode()).hexdigest()

    def event_type(self, provider: str, event: str) -> str | None:
        """Return the type of an event; None if its word has no meaning."""
        types = {(one.provider, one.word): one.event_type for one in self.event_words}
        name = word_key(provider)
        known = {one.provider for one in self.event_words}
        return types.get((name if name in known else ANY_PROVIDER, word_key(event)))

    def _words(self) -> Iterator[EventWord]:
        meanings: dict[str, set[str]] = defaultdict(set)
        for provider in self.providers.values():
            for word, event_type in provider.events.items():
                meanings[word].add(event_type)
            for word, event_type in (dict(self.general) | dict(provider.events)).items():
                yield from (EventWord(name, word, event_type) for name in provider.names)
        common = {word: next(iter(types)) for word, types in meanings.items() if len(types) == 1}
        for word, event_type in (common | dict(self.general)).items():
            if not word.isdecimal():
                yield EventWord(ANY_PROVIDER, word, event_type)


def word_key(word: str) -> str:
    """Return a word without case, spaces and punctuation: `Unique-Opened` gives `uniqueopened`."""
    composed = unicodedata.normalize("NFC", word).lower()
    return "".join(character for character in composed if unicodedata.category(character)[0] in "LMN")


@lru_cache(maxsize=8)
def load_vocabulary(profile: Path | None = None) -> Vocabulary:
    """Return the presets, extended by a profile.

    Raises:
        VocabularyError: If the profile cannot be read or is not valid.
    """
    preset = tomllib.loads(files("cdp_etl.vocabulary").joinpath("presets.toml").read_text(encoding="utf-8"))
    added = {} if profile is None else _read(profile)
    try:
        return _vocabulary(preset, added)
    except (AttributeError, TypeError, ValueError) as error:
        raise VocabularyError(f"The vocabulary profile {profile} is not valid: {error}") from None


def _read(profile: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(profile.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise VocabularyError(
            f"The vocabulary profile {profile} cannot be read ({type(error).__name__})."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise VocabularyError(f"The vocabulary profile {profile} is not TOML: {error}") from None


def _vocabulary(preset: Mapping[str, Any], profile: Mapping[str, Any]) -> Vocabulary:
    unknown = profile.keys() - {"events", "actions", "providers"}
    if unknown:
        raise ValueError(f"unknown table {', '.join(sorted(unknown))}; expected events, actions or providers")
    general = {word_key(name): name for name in EVENT_TYPES}
    actions = {word_key(name): name for name in ACTION_TYPES}
    general_added = _types(profile.get("events", {}), EVENT_TYPES)
    presets, added = preset["providers"], profile.get("providers", {})
    providers = {
        name: _provider(name, presets.get(name, {}), added.get(name, {}), general_added)
        for name in [*presets, *(name for name in added if name not in presets)]
    }
    return Vocabulary(
        providers=providers,
        general=general | _types(preset["events"], EVENT_TYPES) | general_added,
        action_types=actions
        | _types(preset["actions"], ACTION_TYPES)
        | _types(profile.get("actions", {}), ACTION_TYPES),
    )


def _provider(
    name: str, preset: Mapping[str, Any], added: Mapping[str, Any], general_added: Mapping[str, str]
) -> _Provider:
    unknown = added.keys() - _PROVIDER_KEYS
    if unknown:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))} of provider {name}")
    own = _types(added.get("events", {}), EVENT_TYPES)
    names = [name, *preset.get("names", []), *added.get("names", [])]
    flags = [*preset.get("machine_flags", []), *added.get("machine_flags", [])]
    return _Provider(
        names=tuple(dict.fromkeys(map(word_key, names))),
        source=added.get("source", preset.get("source", "")),
        machine_flags=tuple(dict.fromkeys(flags)),
        events=_types(preset.get("events", {}), EVENT_TYPES) | dict(general_added) | own,
    )


def _types(words_by_type: Mapping[str, Sequence[str]], known: Sequence[str]) -> dict[str, str]:
    """Return the type of each word's key."""
    types: dict[str, str] = {}
    for name, words in words_by_type.items():
        if name not in known:
            raise ValueError(f"unknown type {name}; expected one of {', '.join(known)}")
        if not isinstance(words, list):
            raise ValueError(f"the words of {name} must be a list of texts")  # noqa: TRY004 - one kind of error
        for word in words:
            key = word_key(word)
            if not key or types.setdefault(key, name) != name:
                raise ValueError(f"a word of {name} is empty or has another type as well")
    return types
