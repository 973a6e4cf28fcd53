"""Which rows of a dump are altered, and how: exact shares, each kind in its turn.

Put here the choice of rows. What an alteration does stands in `alterations.py`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cdp_etl.sample.dump_spec import DumpSpec
from cdp_etl.sample.faults import Mutation, MutationGroup, accepted_variants, faults
from cdp_etl.sample.seeded_random import BoolArray, Draws, IntArray

VARIANT_SHARE: Final = 0.005
"""Of the rows: spelled oddly, and accepted."""


@dataclass(frozen=True)
class FaultPlan:
    """The altered rows of a dump.

    Attributes:
        alterations: What befalls a row, by its place in the dump from 0.
        is_altered: The same rows as a mask over the dump.
    """

    mutations: dict[int, Mutation]
    is_mutated: BoolArray


def make_fault_plan(dump: DumpSpec, cells: int) -> FaultPlan:
    """Choose the rows: `dirty` of them get a fault, a few more an odd spelling, every kind equally often.

    Args:
        dump: The dump.
        cells: How many columns its rows have.
    """
    rows, entity, day = dump.rows, dump.entity, dump.day
    positions = np.arange(rows, dtype=np.int64)
    lots = Draws(dump.shared.seed, f"{entity.name} plan", np.full_like(positions, day), positions).bits("lot")
    bad = round(rows * dump.dirty)
    odd = min(round(rows * VARIANT_SHARE), rows - bad)
    draw = np.argsort(lots, kind="stable")[: bad + odd].astype(np.int64)
    chosen = _in_turn(draw[:bad], faults(entity, dump.data_format, cells), day)
    chosen |= _in_turn(draw[bad:], accepted_variants(entity, dump.data_format), day)
    is_mutated = np.zeros(rows, dtype=np.bool_)
    is_mutated[draw] = True
    return FaultPlan(chosen, is_mutated)


def _in_turn(positions: IntArray, kinds: tuple[MutationGroup, ...], day: int) -> dict[int, Mutation]:
    """Deal the kinds out in turn, and of each kind its fields in turn; another day begins with another kind."""
    chosen = {}
    for turn, position in enumerate(positions.tolist(), start=day * 7):
        kind = kinds[turn % len(kinds)]
        chosen[position] = kind[turn // len(kinds) % len(kind)]
    return chosen
