"""The stored study of transition rates: complete, and saying what post 7196 says."""

import math

import pytest

from core.errors import InputError
from core.labs import transition_rates
from core.text.tags import segmentation_tags

STUDY = transition_rates.study()
LEGAL = segmentation_tags().legal.transitions
CRF = [run for run in STUDY.runs if run.multiplier is not None]


def largest(stage):
    return max(abs(value) for row in stage.transitions for value in row)


def margin(stage):
    """How far the least of the possible steps lies above the best impossible one from its tag."""
    return min(
        min(v for v, ok in zip(row, legal, strict=True) if ok)
        - max(v for v, ok in zip(row, legal, strict=True) if not ok)
        for row, legal in zip(stage.transitions, LEGAL, strict=True)
    )


def test_every_run_has_every_stage():
    assert STUDY.tags == list(segmentation_tags().tags)
    assert [run.multiplier for run in STUDY.runs] == [None, 1.0, 10.0, 100.0, 1000.0]
    for run in STUDY.runs:
        assert [stage.step for stage in run.stages] == STUDY.steps
        for stage in run.stages:
            assert 0 <= stage.f1 <= 1 and 0 <= stage.illegal <= 1 and math.isfinite(stage.gap)
            assert (stage.transitions is None) == (run.multiplier is None)


def test_all_start_from_the_same_encoder_and_learn():
    for run in STUDY.runs:
        assert run.stages[-1].f1 > run.stages[0].f1 + 0.3


def test_slow_transitions_stay_near_their_start():
    slow, fast = CRF[0], CRF[-1]
    assert largest(slow.stages[-1]) < 0.5 < 3 < largest(fast.stages[-1])


def test_fast_transitions_tell_possible_steps_from_impossible_ones():
    assert margin(CRF[-1].stages[-1]) > 0
    assert margin(CRF[-1].stages[-1]) > margin(CRF[0].stages[-1])
    assert (
        CRF[-1].stages[-1].illegal <= CRF[0].stages[-1].illegal <= STUDY.runs[0].stages[-1].illegal
    )


def test_at_takes_one_stage_of_every_run():
    for i, step in enumerate(STUDY.steps):
        assert transition_rates.at(step) == [run.stages[i] for run in STUDY.runs]
    with pytest.raises(InputError, match="was not stored"):
        transition_rates.at(7)
