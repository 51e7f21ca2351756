import copy
import random

import pytest

from course.grade.classroom import FIT, answer, cases_by_exercise, cell_of, feedback_of, lab_notebook, put, to_bytes
from gmmlab.course.grade.assess import flags_of, judge_notebook, lab_sources, results_of
from gmmlab.course.grade.read import Unreadable, from_data, read, recognise
from gmmlab.exercises import exercises
from gmmlab.exercises.feedback import ANSWER_MIME
from gmmlab.exercises.registry import notebooks

NAMES = notebooks()


def points(data, seed=0):
    notebook = from_data(data)
    return {id: judged.points for id, judged in results_of(judge_notebook(notebook, FIT, seed), FIT).items()}


def flags(data):
    notebook = from_data(data)
    return flags_of(notebook, FIT, judge_notebook(notebook, FIT))


def outputs(notebook, exercise="fit-2"):
    return cell_of(notebook, f"{exercise}-check")["outputs"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_labs_own_notebook_gets_all_points_and_no_flag(name):
    notebook = read(to_bytes(lab_notebook(name)))
    answered = judge_notebook(notebook, name)
    assert recognise(notebook) == name
    assert {id: one.points for id, one in results_of(answered, name).items()} == {
        ex.id: ex.points for ex in exercises(name)
    }
    assert flags_of(notebook, name, answered) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_check_cell_and_stub_of_the_lab_is_known(name):
    wanted = {f"{ex.id}-{part}" for ex in exercises(name) for part in ("check", "answer")}
    assert wanted <= set(lab_sources())


def test_stored_answers_earn_what_they_earned_when_they_were_given():
    rng = random.Random(0)
    for ex in exercises(FIT):
        case = rng.choice([case for case in cases_by_exercise()[ex.id] if case.mistake])
        notebook = put(lab_notebook(), ex.id, feedback_of(case))
        judged = results_of(judge_notebook(from_data(notebook), FIT), FIT)[ex.id]
        assert judged.points == feedback_of(case).points
        assert case.mistake in dict(judged.mistakes)


def test_last_valid_answer_counts():
    notebook = answer(lab_notebook(), "fit-2", "a")
    outputs(notebook).append(outputs(lab_notebook())[0])
    assert points(notebook)["fit-2"] == 2
    outputs(notebook).reverse()
    assert points(notebook)["fit-2"] == 0


def test_answer_that_is_open_does_not_hide_an_earlier_one():
    notebook = lab_notebook()
    outputs(notebook).append(outputs(answer(lab_notebook(), "fit-2"))[0])
    assert points(notebook)["fit-2"] == 2


def test_answer_in_any_cell_counts():
    notebook = lab_notebook()
    cell_of(notebook, "opening")["outputs"] = outputs(notebook)[:]
    outputs(notebook).clear()
    assert points(notebook)["fit-2"] == 2


def test_function_that_knows_only_the_published_inputs_fails_on_others():
    assert points(lab_notebook())["fit-3"] == 2
    assert points(lab_notebook(), seed=5)["fit-3"] < 2


def test_exercise_left_open_is_no_flag():
    assert flags(answer(lab_notebook(), "fit-2")) == []


def test_copy_of_a_check_cell_that_says_the_same_is_no_flag():
    notebook = lab_notebook()
    outputs(notebook).append(copy.deepcopy(outputs(notebook)[0]))
    assert flags(notebook) == []


def test_stub_with_a_stored_answer_is_flagged():
    notebook = lab_notebook()
    cell_of(notebook, "fit-3-answer")["source"] = lab_sources()["fit-3-answer"]
    assert flags(notebook) == ["outputs older than the code: fit-3"]


def test_answer_cell_that_was_laid_out_anew_is_no_flag():
    notebook = lab_notebook()
    own = cell_of(notebook, "fit-2-answer")
    own["source"] = "# my answer\n" + "".join(own["source"]).replace("    ", "  ").replace(" // ", "//")
    assert flags(notebook) == []


def test_answer_given_in_a_cell_of_its_own_is_no_flag():
    notebook = lab_notebook()
    own = cell_of(notebook, "fit-2-answer")
    notebook["cells"].insert(notebook["cells"].index(own), copy.deepcopy(own) | {"id": "mine", "metadata": {}})
    own["source"] = "print(fit_2)"
    assert [flag for flag in flags(notebook) if "order" not in flag] == []


@pytest.mark.parametrize("tries, flagged", [(2, []), (5, ["choices tried one after another: bayesian-3 (5 answers)"])])
def test_choices_tried_one_after_another_are_told(tries, flagged):
    data = lab_notebook("09_go_bayesian")
    outputs(data, "bayesian-3")[0]["data"][ANSWER_MIME]["tries"] = tries
    notebook = from_data(data)
    answered = judge_notebook(notebook, "09_go_bayesian")
    assert results_of(answered, "09_go_bayesian")["bayesian-3"].tries == tries
    assert flags_of(notebook, "09_go_bayesian", answered) == flagged


@pytest.mark.parametrize("tries", [None, "5", -1, 10**30, True])
def test_tries_that_are_no_number_are_none(tries):
    data = lab_notebook()
    outputs(data)[0]["data"][ANSWER_MIME]["tries"] = tries
    assert results_of(judge_notebook(from_data(data), FIT), FIT)["fit-2"].tries == 0


def test_notebook_is_known_by_its_answers_without_metadata():
    notebook = lab_notebook()
    notebook["metadata"] = {}
    assert recognise(from_data(notebook)) == FIT


def test_blank_notebook_is_known_by_the_exercises_that_it_names():
    notebook = lab_notebook()
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell["id"] = "x"
        cell.pop("outputs", None)
    assert recognise(from_data(notebook)) == FIT


def test_answers_outweigh_what_the_metadata_claim():
    notebook = lab_notebook()
    notebook["metadata"]["gmmlab"]["notebook"] = "05_plot_mixture"
    assert recognise(from_data(notebook)) == FIT


def test_byte_order_mark_is_no_oddity():
    assert read(b"\xef\xbb\xbf" + to_bytes(lab_notebook())).oddities == []


def test_text_in_lists_and_in_one_piece_is_the_same():
    notebook = lab_notebook()
    joined = copy.deepcopy(notebook)
    for cell in joined["cells"]:
        cell["source"] = "".join(cell["source"])
    assert from_data(joined) == from_data(notebook)


def test_payload_is_not_changed_by_judging():
    notebook = lab_notebook()
    before = copy.deepcopy(outputs(notebook, "fit-3")[0]["data"][ANSWER_MIME])
    points(notebook, seed=9)
    assert outputs(notebook, "fit-3")[0]["data"][ANSWER_MIME] == before


def test_sentence_says_why_a_file_is_no_notebook():
    with pytest.raises(Unreadable, match=r"not valid JSON: .* at line 2"):
        read(b'{\n"cells": oops}')
    for cut in (b'{\n"cells": ["abc', b'{\n"cells": [1, ', b'{\n"cells"'):
        with pytest.raises(Unreadable, match="not valid JSON: it breaks off at line 2"):
            read(cut)
