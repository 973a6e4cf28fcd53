"""Numbers of examples that Hypothesis tries, by the profiles `ci` and `dev`.

The variable HYPOTHESIS_PROFILE chooses the profile; `dev` is the default. `.ci/run` sets `ci`. Profile `dev` tries
a quarter of the examples of `ci`, because a developer runs the tests many times a day.
"""

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
CI_EXAMPLES = 100
"""Examples of a property without a number of its own."""
CI_STEPS = 12
"""Steps of an example of a state machine."""


def example_count(ci_count: int, profile: str = PROFILE) -> int:
    """Return the number of examples in a profile, from the number in `ci`."""
    return ci_count if profile == "ci" else max(2, ci_count // 4)


def register_profiles() -> None:
    """Register the profiles and load the chosen one. A slow machine fails no property: there is no deadline."""
    for profile in ("ci", "dev"):
        settings.register_profile(
            profile,
            max_examples=example_count(CI_EXAMPLES, profile),
            stateful_step_count=CI_STEPS,
            deadline=None,
            derandomize=False,
            print_blob=True,
        )
    settings.load_profile(PROFILE)


def examples(ci_count: int) -> settings:
    """Return settings of a property that tries this number of examples in `ci`, and a quarter of them in `dev`."""
    return settings(max_examples=example_count(ci_count))


def one_example(steps: int) -> settings:
    """Return settings of a state machine that runs once, for a property that another test holds at depth."""
    return settings(max_examples=1, stateful_step_count=steps)
