"""Fits hold the BLAS to one thread, and leave it as it was."""

from joblib import Parallel, delayed
from threadpoolctl import threadpool_info, threadpool_limits

from gmmlab.engine import exchange, fitting, model_search, starts
from gmmlab.engine.threads import on_one_thread


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


held = on_one_thread(threads)


def test_the_blas_has_one_thread_inside_and_as_many_as_before_outside():
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        assert held() == {1}
        assert threads() == before


def test_threads_that_end_in_any_order_leave_the_blas_as_it_was():
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        on_one_thread(Parallel(n_jobs=4, backend="threading"))(delayed(held)() for _ in range(40))
        assert threads() == before


def test_what_fits_and_what_other_processes_do_for_it_is_held():
    for function in (
        fitting.fit_one,
        model_search.fit_grids,
        starts.from_starts,
        starts.best_sound,
        exchange.learn_from,
    ):
        assert hasattr(function, "__wrapped__"), function.__name__
