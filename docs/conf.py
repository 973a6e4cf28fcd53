"""Sphinx configuration of the documentation site; `make docs` builds it, and warnings are errors.

The source folder is the repository: links between docs, benchmarks and deploy work as on the forge.
"""

from importlib.metadata import version as installed_version

project = "cdp_etl"
author = "The cdp_etl authors"
project_copyright = "2026, The cdp_etl authors"
version = release = installed_version("cdp_etl")

root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "benchmarks/*.md",
    "deploy/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
extensions = ["myst_parser"]
myst_heading_anchors = 3  # links between pages name headings, as the forge renders them
suppress_warnings = [
    "toc.not_included",  # the README of decisions and of the dictionary lists their pages
]

html_theme = "furo"
html_title = "cdp_etl"
html_show_sphinx = False
