"""The specification of cdp_etl.cli."""
