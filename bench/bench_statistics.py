# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the benchmark: what is made of the measured times, and nothing else.

Times come in rounds. In a round every engine has one turn, one after the other; a turn is a few calls. A round is
short, so what disturbs the machine for longer (its clock, a neighbour) meets all engines of a round alike: engines are
compared round by round, and only then is the median taken.
"""

from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Summary:
    """Of one engine, all in the unit of the times."""

    median: float   # over rounds, of the median of each round's calls
    minimum: float  # over all calls
    spread: float   # upper minus lower quartile, over rounds
    n_rounds: int
    n_calls: int


def medians_of_rounds(rounds):
    """[[time of a call, ...] of a round, ...] -> one time per round."""
    return [median(calls) for calls in rounds]


def interquartile_range(values):
    """Upper minus lower quartile; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return upper - lower


def summarise(rounds):
    per_round = medians_of_rounds(rounds)
    return Summary(median(per_round), min(min(calls) for calls in rounds), interquartile_range(per_round), len(rounds),
                   sum(len(calls) for calls in rounds))


def paired_ratio(rounds, other_rounds):
    """How many times faster `rounds` is than `other_rounds`: the median of the ratios within each round."""
    if len(rounds) != len(other_rounds):
        raise ValueError(f"{len(rounds)} rounds cannot be paired with {len(other_rounds)}")
    own, other = medians_of_rounds(rounds), medians_of_rounds(other_rounds)
    return median(b / a for a, b in zip(own, other))


def fastest(rounds_by_name):
    """The name with the lowest median; None of nothing."""
    return min(rounds_by_name, key=lambda name: summarise(rounds_by_name[name]).median, default=None)


def rounds_apart(trips_ns, limit_ns):
    """(numbers of the rounds in which the processors were near, of those in which they were far).

    `trips_ns`: before the first round, between the rounds, after the last one. A round between a short and a long trip
    is neither.
    """
    pairs = list(enumerate(zip(trips_ns, trips_ns[1:])))
    return ([number for number, pair in pairs if max(pair) < limit_ns],
            [number for number, pair in pairs if min(pair) >= limit_ns])


def gflops(n_multiply_adds, milliseconds):
    """1e9 operations a second, a multiply-add being two."""
    return 2e-6 * n_multiply_adds / milliseconds


def rotate(order, turn):
    """The order of round `turn`: a different engine begins each time, so that none always follows the same one. Nothing
    stays nothing."""
    start = turn % max(len(order), 1)
    return order[start:] + order[:start]
