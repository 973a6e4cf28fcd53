"""Which rows of a dump are altered, and how: exact shares, each kind in its turn.

Put here the choice of rows. What an alteration does stands in `alterations.py`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cdp_etl.sample.dump_spec import Dump
from cdp_etl.sample.faults import Alteration, Kind, faults, oddities
from cdp_etl.sample.seeded_random import Draws, Integers, Mask

ODD_SHARE: Final = 0.005
"""Of the rows: spelled oddly, and accepted."""


@dataclass(frozen=True)
class Plan:
    """The altered rows of a dump.

    Attributes:
        alterations: What befalls a row, by its place in the dump from 0.
        is_altered: The same rows as a mask over the dump.
    """

    alterations: dict[int, Alteration]
    is_altered: Mask


def make_plan(dump: Dump, cells: int) -> Plan:
    """Choose the rows: `dirty` of them get a fault, a few more an odd spelling, every kind equally often.

    Args:
        dump: The dump.
        cells: How many columns its rows have.
    """
    rows, entity, day = dump.rows, dump.entity, dump.day
    positions = np.arange(rows, dtype=np.int64)
    lots = Draws(dump.world.seed, f"{entity.name} plan", np.full_like(positions, day), positions).bits("lot")
    bad = round(rows * dump.dirty)
    odd = min(round(rows * ODD_SHARE), rows - bad)
    drawn = np.argsort(lots, kind="stable")[: bad + odd].astype(np.int64)
    chosen = _in_turn(drawn[:bad], faults(entity, dump.data_format, cells), day)
    chosen |= _in_turn(drawn[bad:], oddities(entity, dump.data_format), day)
    is_altered = np.zeros(rows, dtype=np.bool_)
    is_altered[drawn] = True
    return Plan(chosen, is_altered)


def _in_turn(positions: Integers, kinds: tuple[Kind, ...], day: int) -> dict[int, Alteration]:
    """Deal the kinds out in turn, and of each kind its fields in turn; another day begins with another kind."""
    chosen = {}
    for turn, position in enumerate(positions.tolist(), start=day * 7):
        kind = kinds[turn % len(kinds)]
        chosen[position] = kind[turn // len(kinds) % len(kind)]
    return chosen
