"""What the demo asks the Dagster UI over GraphQL: ticks of the sensor and runs.

Not here: anything that the job table knows better.
"""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from pdfme_dagster.errors import ServiceError

_TICKS = """
query Ticks($sensor: SensorSelector!) {
  sensorOrError(sensorSelector: $sensor) {
    ... on Sensor { sensorState { ticks(limit: 5) { timestamp endTimestamp status } } }
    ... on PythonError { message }
  }
}
"""
_RUNS = """
query Runs($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { count } } }
"""
_SENSOR = {
    "repositoryLocationName": "pdfme_dagster",
    "repositoryName": "__repository__",
    "sensorName": "uploads_sensor",
}
_LIVE = ["NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING"]


@dataclass(frozen=True, slots=True)
class DagsterApi:
    """The GraphQL endpoint of one Dagster UI."""

    ui_url: str

    def ticked_since(self, moment: float) -> bool:
        """Say whether a tick of the uploads sensor began after ``moment`` (epoch seconds) and has ended."""
        sensor = self._ask(_TICKS, {"sensor": _SENSOR})["sensorOrError"]
        ticks = sensor.get("sensorState", {}).get("ticks", [])
        return any(
            tick["timestamp"] >= moment and tick["status"] in {"SUCCESS", "SKIPPED", "FAILURE"}
            for tick in ticks
        )

    def count_runs(self, *, since: float) -> int:
        """Return how many runs were created after ``since`` (epoch seconds)."""
        return self._count({"createdAfter": since})

    def count_live_runs(self) -> int:
        """Return how many runs are queued or under way."""
        return self._count({"statuses": _LIVE})

    def _count(self, runs: dict[str, object]) -> int:
        return int(self._ask(_RUNS, {"filter": runs})["runsOrError"]["count"])

    def _ask(self, query: str, variables: dict[str, object]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  our own http address on the loopback interface
            f"{self.ui_url}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                body = json.load(answer)
        except OSError as exc:
            raise ServiceError(f"the Dagster UI at {self.ui_url} does not answer: {exc}") from exc
        if not body.get("data"):
            raise ServiceError(f"the Dagster UI at {self.ui_url} refused a question: {body.get('errors')}")
        return dict(body["data"])
