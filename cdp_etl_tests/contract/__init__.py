"""The specification of cdp_etl.contract."""
