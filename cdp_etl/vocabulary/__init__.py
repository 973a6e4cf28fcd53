"""Vocabularies of providers and shops: which event or action a delivered word means.

Belongs here: the closed lists of types, the presets, and profiles that extend them.
Does not belong here: where the types are stored or counted.
"""

from cdp_etl.vocabulary.types import ACTION_TYPES, EVENT_TYPES, OTHER_ACTION
from cdp_etl.vocabulary.vocabulary import EventWord, Vocabulary, VocabularyError, load_vocabulary, word_key

__all__ = [
    "ACTION_TYPES",
    "EVENT_TYPES",
    "OTHER_ACTION",
    "EventWord",
    "Vocabulary",
    "VocabularyError",
    "load_vocabulary",
    "word_key",
]
