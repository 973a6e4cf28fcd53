"""The pipeline as it is installed: real Postgres, code location, daemon and web server, driven from outside."""
