"""The specification of cdp_etl.defs."""
