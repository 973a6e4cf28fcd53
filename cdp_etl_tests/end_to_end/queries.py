"""Queries and mutations of Dagster's GraphQL API: backfills, runs, health."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

_REPOSITORY = {"repositoryLocationName": "cdp_etl", "repositoryName": "__repository__"}
_BACKFILL_TAG = "dagster/backfill"
_FIRST_RUN_TAG = "dagster/root_run_id"
_OVER = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True)
class Run:
    """Run as the UI lists it."""

    run_id: str
    job: str
    status: str
    tags: Mapping[str, str]
    seconds: float
    """Duration from start to end; 0 if the run has not started or ended."""

    @property
    def has_ended(self) -> bool:
        """Return whether the run has ended."""
        return self.status in _ENDED

    @property
    def first_run_id(self) -> str:
        """Return the id of the first run of a chain of retries."""
        return self.tags.get(_FIRST_RUN_TAG, self.run_id)


@dataclass(frozen=True)
class Tick:
    """Tick of a schedule or sensor: due time, status and requested runs."""

    at: datetime
    status: str
    run_ids: Sequence[str]


@dataclass(frozen=True)
class GraphQL:
    """GraphQL endpoint of the web server."""

    url: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send a query and return its data."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - loopback
            answer: dict[str, Any] = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def location_is_loaded(self) -> bool:
        """Return whether the web server answers and has loaded the code location."""
        try:
            data = self.ask(
                "{ workspaceOrError { ... on Workspace "
                "{ locationEntries { locationOrLoadError { __typename } } } } }"
            )
        except urllib.error.URLError:
            return False
        entries = data["workspaceOrError"]["locationEntries"]
        return [entry["locationOrLoadError"]["__typename"] for entry in entries] == ["RepositoryLocation"]

    def daemons_are_healthy(self) -> bool:
        """Return whether every required daemon has a recent heartbeat."""
        data = self.ask("{ instance { daemonHealth { allDaemonStatuses { required healthy } } } }")
        statuses = data["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(status["healthy"] for status in statuses if status["required"])

    def backfill_assets(self, keys: Iterable[dg.AssetKey], days: Iterable[date]) -> str:
        """Launch a backfill of assets as the asset graph's button does, and return its id."""
        return self._launch_backfill(
            {"assetSelection": [{"path": list(key.path)} for key in keys], "partitionNames": _names(days)}
        )

    def backfill_job(self, job: str, days: Iterable[date]) -> str:
        """Launch a backfill of a job as its page's button does, one run per day, and return its id."""
        partition_set = {"partitionSetName": f"{job}_partition_set", "repositorySelector": _REPOSITORY}
        return self._launch_backfill({"selector": partition_set, "partitionNames": _names(days)})

    def cancel_backfill(self, backfill_id: str) -> None:
        """Cancel a backfill and its runs."""
        data = self.ask(
            "mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }", id=backfill_id
        )
        assert data["cancelPartitionBackfill"]["__typename"] == "CancelBackfillSuccess"

    def backfill_status(self, backfill_id: str) -> str:
        """Return the status of a backfill."""
        data = self.ask(
            "query ($id: String!) { partitionBackfillOrError(backfillId: $id) "
            "{ __typename ... on PartitionBackfill { status } } }",
            id=backfill_id,
        )
        status: str = data["partitionBackfillOrError"]["status"]
        return status

    def backfill_end(self, backfill_id: str) -> str | None:
        """Return the status of a finished backfill, or None."""
        status = self.backfill_status(backfill_id)
        return status if status in _OVER else None

    def runs(self, *, job: str | None = None, backfill_id: str | None = None) -> list[Run]:
        """Return runs, newest first: all, of a job, or of a backfill."""
        tags = [{"key": _BACKFILL_TAG, "value": backfill_id}] if backfill_id else []
        data = self.ask(
            "query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results "
            "{ runId jobName status startTime endTime tags { key value } } } } }",
            filter={"tags": tags} | ({"pipelineName": job} if job else {}),
        )
        return [
            Run(
                run["runId"],
                run["jobName"],
                run["status"],
                {tag["key"]: tag["value"] for tag in run["tags"]},
                run["endTime"] - run["startTime"] if run["startTime"] and run["endTime"] else 0,
            )
            for run in data["runsOrError"]["results"]
        ]

    def ticks(self, name: str) -> list[Tick]:
        """Return the ticks of a schedule or sensor, newest first."""
        data = self.ask(
            "query ($selector: InstigationSelector!) { instigationStateOrError(instigationSelector: $selector) "
            "{ ... on InstigationState { ticks { timestamp status runIds } } } }",
            selector={**_REPOSITORY, "name": name},
        )
        return [
            Tick(datetime.fromtimestamp(tick["timestamp"], UTC), tick["status"], tick["runIds"])
            for tick in data["instigationStateOrError"]["ticks"]
        ]

    def _launch_backfill(self, parameters: Mapping[str, Any]) -> str:
        data = self.ask(
            "mutation ($parameters: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $parameters) "
            "{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
            parameters=parameters,
        )
        launched = data["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        backfill_id: str = launched["backfillId"]
        return backfill_id


def _names(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in days]
