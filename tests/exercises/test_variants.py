"""Data of one's own: the same for one id everywhere, others for another, and no answer counts without an id."""

import json
import subprocess
import sys

import numpy as np
import pytest

from exercises.case import all_cases
from gmmlab.exercises import check, exercises, judge, my_data
from gmmlab.exercises.variants import LAB

OWN = [pytest.param(ex, id=ex.id) for ex in exercises() if ex.data]
RIGHT = {case.exercise: case for case in all_cases() if case.mistake is None and case.me == LAB}


def numbers(data):
    parts = data if isinstance(data, tuple) else (data,)
    return [np.asarray(part, dtype=float).tolist() for part in parts]


def test_each_part_has_an_exercise_on_data_of_ones_own():
    parts = {"first" if n < "06" else "second" if n < "12" else "third" for n in (p.values[0].notebook for p in OWN)}
    assert parts == {"first", "second", "third"}


@pytest.mark.parametrize("ex", OWN)
def test_data_are_those_of_the_id_however_it_is_written(ex):
    first = numbers(my_data(ex.id, "Jane Ro\u00e9"))
    assert numbers(my_data(ex.id, "  jane  RO\u00c9 ")) == numbers(my_data(ex.id, "jane roe\u0301")) == first
    assert numbers(my_data(ex.id, "70417")) == numbers(my_data(ex.id, 70417)) != first


@pytest.mark.parametrize("ex", OWN)
def test_hardly_two_of_a_class_have_the_same_data(ex):
    assert len({str(numbers(my_data(ex.id, 1000 + k))) for k in range(60)}) >= 59


@pytest.mark.slow
def test_data_do_not_change_from_one_process_to_the_next():
    # The one exercise whose data need no scikit-learn, which takes a second to import; the seed is made as for others.
    code = "from gmmlab.exercises import my_data; print(my_data('bayesian-4', 'Jane Roe').to_numpy().tolist())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == f"{my_data('bayesian-4', 'Jane Roe').to_numpy().tolist()}\n"


@pytest.mark.slow
@pytest.mark.parametrize("ex", OWN)
@pytest.mark.parametrize("me", [..., "", "  "])
def test_without_an_id_there_are_the_labs_data_and_the_exercise_stays_open(ex, me):
    assert numbers(my_data(ex.id, me)) == numbers(my_data(ex.id, LAB))
    feedback = check(ex.id, me, *RIGHT[ex.id].answers()[1:])
    assert (feedback.status, feedback.points) == ("open", 0)
    assert "Write your university number or your name" in feedback.html()
    assert judge(json.loads(json.dumps(feedback.payload))).status == "open"


@pytest.mark.parametrize("me", [3.5, None, ["Jane Roe"], True])
def test_id_that_is_no_text_is_refused_in_words(me):
    with pytest.raises(ValueError, match="Expected your number or name in quotes, such as 'Jane Roe'"):
        my_data("predict-3", me)


def test_exercise_with_the_same_data_for_all_says_so():
    with pytest.raises(ValueError, match="fit-1 has the same data for everybody"):
        my_data("fit-1", "Jane Roe")


@pytest.mark.slow
@pytest.mark.parametrize("ex", OWN)
def test_right_answer_of_another_hardly_earns_anything_under_ones_own_id(ex):
    case = next(case for case in all_cases() if case.exercise == ex.id and case.mistake is None and case.me != LAB)
    _, *answers = case.answers()
    points = [check(ex.id, f"student {k}", *answers).points for k in range(20)]
    assert sum(points) <= 0.1 * 20 * ex.points  # the least sure of 40 birds may be the same one by chance


@pytest.mark.parametrize("ex", OWN)
def test_the_id_is_stored_as_the_first_answer_and_changing_it_there_changes_the_verdict(ex):
    payload = json.loads(json.dumps(check(ex.id, *RIGHT[ex.id].answers()).payload))
    assert payload["answers"][0] == {"kind": "text", "value": LAB}
    assert judge(payload).status == "right"
    payload["answers"][0]["value"] = "Jane Roe"
    assert [line.mistake for line in judge(payload).lines] == ["data-of-another"]
