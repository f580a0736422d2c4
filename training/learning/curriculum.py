# SPDX-License-Identifier: Apache-2.0
"""What is shown when, and how fast is learned: functions of the number of words seen, so that a run can stop anywhere.

    words         width   longest   difficulty         TPS
    0             52      5         0.2, rising        left out     letters; half the width is half the work
    150,000       100     25        rising             left out
    300,000       100     25        1                  left out
    600,000       100     25        1                  trained
    1,860,000     100     25        rising             trained
    2,060,000     100     25        1.4                trained     as faint, dark and blurred as passers-by take them

Learning rate: a linear warm-up whenever the optimiser starts anew, then constant; a cool-down to zero only at the end
of the last run (--cool-down), so that nobody has to know in advance how long the run will be. In between, the average
of the weights over the last steps stands in for a cool-down.
"""

from dataclasses import dataclass

import numpy as np

SHORT_WORDS_UNTIL = 150_000
SHORT_WIDTH, SHORT_LONGEST = 52, 5     # 14 frames for 5 letters: as wide on average as 10 letters in 100 pixels
FULL_WIDTH, FULL_LONGEST = 100, 25
EASIEST, USUAL, HARDEST = 0.2, 1.0, 1.4
USUAL_FROM = 300_000
HARDER_FROM, HARDEST_FROM = 1_860_000, 2_060_000
RECTIFY_FROM = 600_000
RECTIFYING_STEPS = 4                   # TPS learns in one of so many: its way back is a quarter of a step
RECTIFYING_PACE = 0.03                 # of the learning rate: AdamW's steps are all of one size, and 256 move a point
WARM_UP = 10_000                       # words


@dataclass(frozen=True)
class Lesson:
    """What a batch is made of."""

    width: int
    longest: int
    difficulty: float


def plan_difficulty(n_seen):
    numbers_seen = (0, USUAL_FROM, HARDER_FROM, HARDEST_FROM)
    return float(np.interp(n_seen, numbers_seen, (EASIEST, USUAL, USUAL, HARDEST)))


def plan_lesson(n_seen):
    difficulty = plan_difficulty(n_seen)
    if n_seen < SHORT_WORDS_UNTIL:
        return Lesson(SHORT_WIDTH, SHORT_LONGEST, difficulty)
    return Lesson(FULL_WIDTH, FULL_LONGEST, difficulty)


def is_rectifying(n_seen):
    return n_seen >= RECTIFY_FROM


def learns_to_rectify(n_seen, n_steps):
    """Whether step n_steps trains TPS, too."""
    return is_rectifying(n_seen) and n_steps % RECTIFYING_STEPS == 0


def learning_rate_factor(n_seen, n_optimized, cool_down_from=None, cool_down_until=None):
    """0..1, of the highest learning rate. `n_optimized`: words since the optimiser began."""
    factor = min(1.0, (n_optimized + 1) / WARM_UP)
    if cool_down_from is not None and n_seen > cool_down_from:
        factor *= max(0.0, (cool_down_until - n_seen) / (cool_down_until - cool_down_from))
    return factor
