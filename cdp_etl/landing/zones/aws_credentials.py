"""The standard chain of AWS: environment, profiles, SSO, web identity, containers and instances, by botocore.

Put here how credentials are found for a bucket on S3. What is read with them stands in `object_store.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cdp_etl.landing.errors import ZoneConfigError

if TYPE_CHECKING:  # obstore has this name for type checkers alone
    from botocore.credentials import Credentials
    from botocore.session import Session
    from obstore.store import S3Credential

_ASKED_AGAIN_AFTER = timedelta(minutes=5)
"""botocore renews what is short-lived 10 to 15 minutes ahead: so nothing is handed out that runs out."""

_REGION = ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)
"""botocore alone of AWS's tools looks at the second variable only."""


@dataclass(frozen=True)
class AwsCredentials:
    """Where AWS's own variables point to, for those that do not stand in the environment of this process.

    `profile` is a section of AWS's files, `credentials_file` and `config_file` are these files: the chain's own
    defaults, `default` in `~/.aws/credentials` and `~/.aws/config`, where they are None.
    """

    profile: str | None = None
    credentials_file: Path | None = None
    config_file: Path | None = None

    def find(self, label: str) -> "FoundCredentials":
        """Go through the chain; `label` is the zone that errors name.

        Raises:
            ZoneConfigError: a file or profile that is named is missing or not in AWS's format, the first link of
                the chain that holds something holds too little, or none of them holds anything.
        """
        # Half a second of imports that only those who read from S3 should wait for.
        import botocore.session  # noqa: PLC0415 - as above
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        if self.credentials_file is not None and not self.credentials_file.is_file():
            raise ZoneConfigError(f"landing zone {label}: there is no credentials file {self.credentials_file}")
        session = botocore.session.Session(session_vars={"region": _REGION}, profile=self.profile)
        for variable, file in (("credentials_file", self.credentials_file), ("config_file", self.config_file)):
            if file is not None:
                session.set_config_variable(variable, str(file))
        try:
            found = session.get_credentials()
            region = session.get_config_variable("region")
            frozen = found and found.get_frozen_credentials()
        except BotoCoreError as error:
            _explain(error, label, self.profile)
        if found is None or frozen is None or frozen.access_key is None or frozen.secret_key is None:
            raise ZoneConfigError(
                f"landing zone {label}: no AWS credentials were found in variables, files, a role or an instance"
            )
        return FoundCredentials(session, found, region)


class FoundCredentials:
    """Credentials as obstore asks for them, again and again; they show nothing of themselves."""

    def __init__(self, session: "Session", credentials: "Credentials", region: str | None) -> None:
        self._session = session  # it renews the credentials
        self._credentials = credentials
        self.region = region

    def __call__(self) -> "S3Credential":
        """Give what is valid now."""
        frozen = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key or "",  # `find` has seen to it that there is one
            "secret_access_key": frozen.secret_key or "",
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _ASKED_AGAIN_AFTER,
        }


def _explain(error: Exception, label: str, profile: str | None) -> NoReturn:
    """Say what kind of fault it is; botocore's own text may quote what a helper program printed."""
    from botocore import exceptions  # noqa: PLC0415 - as in `find`

    facts: dict[type[Exception], str] = {
        exceptions.ProfileNotFound: f"AWS's files hold no profile {profile}",
        exceptions.ConfigParseError: "a file of AWS's is not in its format",
        exceptions.PartialCredentialsError: "an access key is there without its secret",
    }
    fact = facts.get(type(error), f"AWS's credential chain failed ({type(error).__name__})")
    raise ZoneConfigError(f"landing zone {label}: {fact}") from None
