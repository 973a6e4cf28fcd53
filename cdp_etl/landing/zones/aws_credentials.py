"""AWS credentials of an S3 zone, from AWS's standard credential chain through botocore.

The chain is: environment variables, profiles, SSO, web identity, containers, instances. obstore has a credential
provider too; decision 0083 compares the two.
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

_TTL = timedelta(minutes=5)
"""botocore renews short-lived credentials 10 to 15 minutes early, so that none expires within this time."""

_REGION = ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)
"""botocore reads AWS_DEFAULT_REGION only; all other AWS tools read AWS_REGION first."""


@dataclass(frozen=True)
class AwsCredentials:
    """Start of the credential chain. Replaces environment variables of the AWS tools; None keeps their defaults.

    Attributes:
        profile: Profile in the files; by default `default`.
        credentials_file: By default `~/.aws/credentials`.
        config_file: By default `~/.aws/config`.
    """

    profile: str | None = None
    credentials_file: Path | None = None
    config_file: Path | None = None

    def resolve(self, label: str) -> "CredentialProvider":
        """Return the credentials that the chain finds first. Error messages name the zone `label`.

        Raises:
            ZoneConfigError: If a configured file or profile is missing or malformed, the credentials found are
                incomplete or expired, or none are found.
        """
        # The import takes half a second, which only readers of S3 should pay.
        import botocore.session  # noqa: PLC0415 - as above
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        if self.credentials_file is not None and not self.credentials_file.is_file():
            raise ZoneConfigError(
                f"landing zone {label}: the credentials file does not exist: {self.credentials_file}"
            )
        session = botocore.session.Session(session_vars={"region": _REGION}, profile=self.profile)
        for variable, file in (("credentials_file", self.credentials_file), ("config_file", self.config_file)):
            if file is not None:
                session.set_config_variable(variable, str(file))
        try:
            found = session.get_credentials()
            region = session.get_config_variable("region")
            frozen = found and found.get_frozen_credentials()
        except BotoCoreError as error:
            _raise_config_error(error, label, self.profile)
        if found is None or frozen is None or frozen.access_key is None or frozen.secret_key is None:
            raise ZoneConfigError(
                f"landing zone {label}: no AWS credentials were found in variables, files, a role or an instance"
            )
        return CredentialProvider(session, found, region)


class CredentialProvider:
    """Credential provider that obstore calls whenever the last result expires. Its repr shows no secret."""

    def __init__(self, session: "Session", credentials: "Credentials", region: str | None) -> None:
        self._session = session  # renews the credentials as long as it is referenced
        self._credentials = credentials
        self.region = region

    def __call__(self) -> "S3Credential":
        """Return the current credentials."""
        frozen = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key or "",  # `resolve` has checked that there is one
            "secret_access_key": frozen.secret_key or "",
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _TTL,
        }


def _raise_config_error(error: Exception, label: str, profile: str | None) -> NoReturn:
    """Raise a botocore error in our words: its own text can contain output of a credential program."""
    from botocore import exceptions  # noqa: PLC0415 - as in `resolve`

    reasons: dict[type[Exception], str] = {
        exceptions.ProfileNotFound: f"the AWS files contain no profile {profile}",
        exceptions.ConfigParseError: "an AWS configuration file is malformed",
        exceptions.PartialCredentialsError: "the access key has no secret",
    }
    reason = reasons.get(type(error), f"the AWS credential chain failed ({type(error).__name__})")
    raise ZoneConfigError(f"landing zone {label}: {reason}") from None
