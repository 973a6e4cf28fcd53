"""Random draws depend only on their subject."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.sample.seeded_random import Draws, zipf_weights

positions = st.lists(st.integers(0, 2**40), min_size=1, max_size=50)


@given(positions, st.integers(0, 2**31), st.integers(1, 2**31 - 1))
def test_draws_of_a_subject_do_not_depend_on_other_subjects(subjects: list[int], seed: int, limit: int) -> None:
    together = Draws(seed, "stream", np.array(subjects)).below("name", limit)
    alone = [Draws(seed, "stream", np.array([subject])).below("name", limit)[0] for subject in subjects]

    assert together.tolist() == alone
    assert all(0 <= number < limit for number in alone)


def test_draws_differ_by_name_stream_and_seed() -> None:
    subjects = np.arange(100)
    draws = Draws(1, "stream", subjects).bits("name").tolist()

    for other in (
        Draws(1, "stream", subjects).bits("other"),
        Draws(1, "other", subjects).bits("name"),
        Draws(2, "stream", subjects).bits("name"),
    ):
        assert set(draws).isdisjoint(other.tolist())


def test_frequencies_follow_the_weights() -> None:
    draw = Draws(1, "stream", np.arange(100_000)).weighted("name", (60, 0, 30, 10))

    shares = np.bincount(draw, minlength=4) / 100_000
    assert np.allclose(shares, [0.6, 0.0, 0.3, 0.1], atol=0.01)


def test_zipf_weights_decrease_and_their_sum_is_below_the_limit() -> None:
    for count, flatness in [(40_000, 20), (3_000, 10)]:
        weights = zipf_weights(count, flatness)

        assert (np.diff(weights) <= 0).all()
        assert weights[-1] > 0
        assert weights.sum() < 2**31
