"""Choice of the rows of a dump to mutate, and of their mutations, in exact shares."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.faults import Mutation, MutationGroup, accepted_variants, faults
from cdp_etl.sample.seeded_random import BoolArray, Draws, IntArray

VARIANT_SHARE: Final = 0.005
"""Share of rows with an unusual spelling that must be accepted."""


@dataclass(frozen=True)
class FaultPlan:
    """The mutated rows of a dump.

    Attributes:
        mutations: Mutation of each row by its position in the dump, from 0.
        is_mutated: The same rows as a mask over the dump.
    """

    mutations: dict[int, Mutation]
    is_mutated: BoolArray


def make_fault_plan(dump: DumpSpec, cells: int) -> FaultPlan:
    """Choose the rows: a share of `dirty` gets a fault, a few more get an accepted variant.

    Each group of mutations is equally frequent.

    Args:
        dump: The dump.
        cells: Number of columns of a row.
    """
    rows, entity, day = dump.rows, dump.entity, dump.day
    positions = np.arange(rows, dtype=np.int64)
    keys = Draws(dump.shared.seed, f"{entity.name} plan", np.full_like(positions, day), positions).bits("lot")
    fault_count = round(rows * dump.dirty)
    variant_count = min(round(rows * VARIANT_SHARE), rows - fault_count)
    selected = np.argsort(keys, kind="stable")[: fault_count + variant_count].astype(np.int64)
    chosen = _in_turn(selected[:fault_count], faults(entity, dump.data_format, cells), day)
    chosen |= _in_turn(selected[fault_count:], accepted_variants(entity, dump.data_format), day)
    is_mutated = np.zeros(rows, dtype=np.bool_)
    is_mutated[selected] = True
    return FaultPlan(chosen, is_mutated)


def _in_turn(positions: IntArray, groups: tuple[MutationGroup, ...], day: int) -> dict[int, Mutation]:
    """Assign the groups in turn, and within a group its mutations in turn. The first group depends on the day."""
    chosen = {}
    for turn, position in enumerate(positions.tolist(), start=day * 7):
        group = groups[turn % len(groups)]
        chosen[position] = group[turn // len(groups) % len(group)]
    return chosen
