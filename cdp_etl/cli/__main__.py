"""`python -m cdp_etl.cli`, for processes that do not have `cdp-etl` on their path."""

from cdp_etl.cli.app import main

if __name__ == "__main__":
    main()
