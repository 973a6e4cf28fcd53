"""Retries of transient faults with exponential backoff. Only ZoneUnreachableError is transient."""

from dataclasses import dataclass

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from cdp_etl.landing.errors import ZoneUnreachableError


@dataclass(frozen=True)
class RetryPolicy:
    """Number of attempts, and the wait between them.

    The wait starts at `initial_wait_seconds`, doubles up to `max_wait_seconds`, and has jitter.
    """

    attempts: int = 5
    initial_wait_seconds: float = 0.5
    max_wait_seconds: float = 30.0

    def retrying(self) -> AsyncRetrying:
        """Return the loop `async for attempt in …: with attempt: …`. The last error is raised unchanged."""
        return AsyncRetrying(
            retry=retry_if_exception_type(ZoneUnreachableError),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential_jitter(
                multiplier=self.initial_wait_seconds,
                max=self.max_wait_seconds,
                jitter=self.initial_wait_seconds,
            ),
            reraise=True,
        )
