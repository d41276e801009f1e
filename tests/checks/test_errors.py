"""Problems say where they are; an error carries all of them."""

from checks.errors import ConfigurationError, Problem, SignoffError


def test_a_problem_names_file_line_and_column() -> None:
    assert str(Problem("a.yaml", 3, 7, "unknown key")) == "a.yaml:3:7: unknown key"


def test_a_problem_of_the_whole_file_names_the_file_only() -> None:
    assert str(Problem("a.yaml", None, None, "the file is empty")) == "a.yaml: the file is empty"


def test_the_error_shows_every_problem_in_order() -> None:
    error = ConfigurationError([Problem("a.yaml", 2, 1, "second"), Problem("a.yaml", 1, 1, "first")])
    assert isinstance(error, SignoffError)
    assert str(error).splitlines() == ["a.yaml:2:1: second", "a.yaml:1:1: first"]
    assert [problem.line for problem in error.problems] == [2, 1]
