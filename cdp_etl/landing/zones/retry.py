"""How often and how patiently a transient fault is tried again.

Only ZoneUnreachableError is transient; whatever else goes wrong will go wrong the same way next time.
"""

from dataclasses import dataclass

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from cdp_etl.landing.errors import ZoneUnreachableError


@dataclass(frozen=True)
class RetryPolicy:
    """Attempts in all, and the seconds between them: doubling from the first to the longest, with jitter."""

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0

    def retrying(self) -> AsyncRetrying:
        """Give the loop `async for attempt in …: with attempt: …`; the last fault is raised as it is."""
        return AsyncRetrying(
            retry=retry_if_exception_type(ZoneUnreachableError),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential_jitter(
                multiplier=self.first_wait_seconds,
                max=self.longest_wait_seconds,
                jitter=self.first_wait_seconds,
            ),
            reraise=True,
        )
