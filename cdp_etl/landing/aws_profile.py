"""The shared credentials file of AWS (`~/.aws/credentials`), which obstore does not read by itself.

Environment, web identity, container and instance credentials are obstore's own. Put here only that file.
"""

from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from cdp_etl.landing.errors import ZoneConfigError

_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}


@dataclass(frozen=True)
class AwsProfile:
    """A section of a shared credentials file; with it, credentials in the environment are not looked at."""

    credentials_file: Path
    name: str = "default"

    def read(self, label: str) -> dict[str, str]:
        """Give the credentials by obstore's names; `label` is the zone that errors name.

        Raises:
            ZoneConfigError: the file or the section is missing, or holds no keys.
        """
        where = f"landing zone {label}: the credentials file {self.credentials_file}"
        parser = ConfigParser(interpolation=None)
        try:
            with self.credentials_file.open(encoding="utf-8") as file:
                parser.read_file(file)
        except OSError as error:
            raise ZoneConfigError(f"{where}: {error.strerror}") from None
        except (Error, UnicodeDecodeError):
            raise ZoneConfigError(f"{where} is not in AWS's format") from None
        section = dict(parser.items(self.name)) if parser.has_section(self.name) else {}
        found = {ours: section[theirs] for theirs, ours in _KEYS.items() if theirs in section}
        if not {"access_key_id", "secret_access_key"} <= found.keys():
            raise ZoneConfigError(f"{where} holds no keys for the profile {self.name}")
        return found
