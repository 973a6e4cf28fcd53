"""Attacks of a hostile partner: files and servers that must neither stall nor exhaust the pipeline."""
