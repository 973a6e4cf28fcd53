"""The specification of cdp_etl.entities."""
