# SPDX-License-Identifier: Apache-2.0
"""The benchmark's arithmetic, held against figures worked out by hand."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))

from bench_statistics import (  # noqa: E402
    fastest, gflops, interquartile_range, paired_ratio, rotate, rounds_apart, summarise)


def test_summary_takes_the_median_over_rounds_not_over_calls():
    # Medians of the rounds 1, 5, 6; over all seven calls the median would be 1.
    summary = summarise([[1, 1, 1, 1, 0.5], [5], [6]])
    assert (summary.median, summary.minimum, summary.n_rounds, summary.n_calls) == (5, 0.5, 3, 7)


def test_one_disturbed_round_does_not_move_the_median():
    assert summarise([[10, 11, 12], [10, 11, 12], [900, 901, 902]]).median == 11


def test_spread_is_the_distance_of_the_quartiles():
    assert interquartile_range([1, 2, 3, 4, 5]) == 2  # 4 - 2
    assert interquartile_range([1, 2, 3, 4]) == 1.5   # 3.25 - 1.75
    assert interquartile_range([7]) == 0


def test_ratio_pairs_the_rounds():
    # Twice as fast in each round, though the machine slowed down tenfold in between.
    assert paired_ratio([[1], [10], [10]], [[2], [20], [20]]) == 2
    # Not the ratio of the medians (5 / 1): round by round it is 1, 5 and 4.
    assert paired_ratio([[1], [1], [2]], [[1], [5], [8]]) == 4


def test_ratio_refuses_rounds_without_a_partner():
    with pytest.raises(ValueError, match="2 rounds cannot be paired with 1"):
        paired_ratio([[1], [2]], [[1]])


def test_fastest_goes_by_the_median():
    assert fastest({"lucky once": [[1], [9], [9]], "steady": [[5], [5], [5]]}) == "steady"
    assert fastest({}) is None


def test_a_multiply_add_is_two_operations():
    assert gflops(5_000_000_000, 20.0) == pytest.approx(500)  # 10e9 operations in 0.02 s


def test_every_engine_begins_a_round_in_turn():
    assert [rotate(["a", "b", "c"], turn) for turn in range(4)] == [
        ["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]


def test_a_round_in_which_the_processors_were_moved_is_neither_near_nor_far():
    assert rounds_apart([80, 90, 500, 480, 85], 200) == ([0], [2])
    assert rounds_apart([], 200) == ([], [])
