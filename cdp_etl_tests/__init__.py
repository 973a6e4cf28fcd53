"""The specification of cdp_etl, as tests; folders mirror the package."""
