"""The marts as a graph: which mart reads which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.errors import MartUnknownError


@dataclass(frozen=True, slots=True)
class MartGraph:
    """All marts, each after the marts that it reads.

    The engine receives the graph from its caller, because it knows no single mart.
    """

    marts: tuple[Mart, ...]

    def mart_named(self, name: str) -> Mart:
        """Return the mart with this name.

        Raises:
            MartUnknownError: If there is none.
        """
        for mart in self.marts:
            if mart.name == name:
                return mart
        raise MartUnknownError(name, tuple(mart.name for mart in self.marts))

    def with_upstream(self, marts: Iterable[Mart]) -> tuple[Mart, ...]:
        """Return the marts and all that they read, directly or indirectly, in order."""
        needed: set[str] = {mart.name for mart in marts}
        for mart in reversed(self.marts):
            if mart.name in needed:
                needed.update(mart.inputs)
        return tuple(mart for mart in self.marts if mart.name in needed)

    def downstream(self, mart: Mart) -> tuple[Mart, ...]:
        """Return the marts that read this mart, directly or indirectly, in order."""
        reached = {mart.name}
        for later in self.marts:
            if not reached.isdisjoint(later.inputs):
                reached.add(later.name)
        return tuple(later for later in self.marts if later.name in reached and later != mart)

    def change_logs_of(self, mart: Mart) -> Sequence[Mart]:
        """Return the marts that log the changes of this mart."""
        return [log for log in self.marts if log.change_log_of == mart.name]

    def followers_of(self, mart: Mart) -> Sequence[Mart]:
        """Return the marts whose refresh scope follows the rows of this mart."""
        return [
            other
            for other in self.marts
            if other.refresh_scope and other.refresh_scope.follows_rows_of == mart.name
        ]
