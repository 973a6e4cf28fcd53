"""Where a run of Dagster is looked at by the people who read an alert."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunLinks:
    """Links into the Dagster UI; `base` is its address as people reach it, empty where none is set."""

    base: str

    def where(self, run_id: str | None) -> dict[str, str]:
        """Give the run, by its link where there is one."""
        if run_id is None:
            return {}
        return {"run": f"{self.base.rstrip('/')}/runs/{run_id}" if self.base else run_id}
