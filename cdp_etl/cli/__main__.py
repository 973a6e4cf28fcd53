"""`python -m cdp_etl.cli`, where the command itself is not on the path."""

from cdp_etl.cli.app import main

if __name__ == "__main__":
    main()
