"""Assets of the pipeline, and the metadata that they record.

Belongs here: asset factories, asset specs and their metadata.
Does not belong here: asset checks, jobs and sensors.
"""
