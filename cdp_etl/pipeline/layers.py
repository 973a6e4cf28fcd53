"""Layers of the pipeline, in order of data flow."""

from enum import StrEnum


class Layer(StrEnum):
    """A layer of the pipeline: a group in the Dagster UI and a schema of the warehouse."""

    LANDING = "landing"
    NORMALIZED = "normalized"
    STAGING = "staging"
    MARTS = "marts"
    PUBLISHED = "published"
    REPORT = "report"


LOAD_LAYERS = (Layer.LANDING, Layer.NORMALIZED, Layer.STAGING)
"""Layers of one load. A dump passes all of them before the next dump starts."""
