from __future__ import annotations

from agents.budget import Budget


def test_the_last_one_of_a_budget_says_so() -> None:
    budget = Budget(2)
    assert (budget.take(), budget.why_last) == (1, "")
    assert (budget.take(), budget.why_last) == (2, "iteration_limit")


def test_without_progress_the_next_one_is_the_last() -> None:
    budget = Budget(9)
    budget.take()
    budget.is_fruitless = True
    assert budget.why_last == ""
    assert (budget.take(), budget.why_last) == (2, "no_progress")


def test_what_a_run_inside_takes_is_taken_from_the_whole_but_for_what_is_kept() -> None:
    whole = Budget(5)
    whole.take()
    lent = whole.lend(keep=1)
    assert lent.left == 3
    assert [(lent.take(), lent.why_last) for _ in range(3)] == [(2, ""), (3, ""), (4, "iteration_limit")]
    assert (lent.left, whole.left, whole.why_last) == (0, 1, "")
    assert whole.lend(keep=1).left == 0
    assert (whole.take(), whole.why_last) == (5, "iteration_limit")


def test_a_run_inside_that_gets_nowhere_does_not_end_the_whole() -> None:
    whole = Budget(9)
    lent = whole.lend(keep=1)
    lent.is_fruitless = True
    assert (lent.take(), lent.why_last) == (1, "no_progress")
    assert (whole.take(), whole.why_last) == (2, "")
