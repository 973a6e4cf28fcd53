"""Tests of `cdp_etl.landing` with folders, object stores and SFTP servers."""
