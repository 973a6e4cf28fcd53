"""Errors of the daily report."""

from importlib.util import find_spec

from cdp_etl.errors import CdpEtlError

_PACKAGES = ("altair", "vl_convert")


class ReportExtraMissingError(CdpEtlError):
    """The packages that draw the charts are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The daily report requires altair and vl-convert. Install them: pip install 'cdp_etl[report]'"
        )


def is_report_installed() -> bool:
    """Return whether the extra `cdp_etl[report]` is installed; nothing is imported."""
    return all(find_spec(package) is not None for package in _PACKAGES)
