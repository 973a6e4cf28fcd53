"""From a dump's files to accepted, superseded and quarantined records in the lake; no database, no Dagster."""
