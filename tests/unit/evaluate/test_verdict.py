from couturier.evaluate.records import Mean, Measured, Summary
from couturier.evaluate.statistics import compare_pairs, measure_mean, measure_rate
from couturier.evaluate.verdict import write_verdict


def measured(right, n, *, unsure=0, blocked=0, faults=0, likeness=None):
    return Measured(
        n_looks=n + unsure + faults,
        n_unsure=unsure,
        n_plain=0,
        n_blocked=blocked,
        n_faults=faults,
        looks=measure_rate(right, n),
        garments=measure_rate(right, n),
        found=measure_rate(n, n),
        by_count={"1": measure_rate(right, n)},
        text_image=None,
        likeness=likeness,
    )


def compared(pairs, likeness=()):
    return Summary(
        measured(20, 30),
        against="base",
        other=measured(10, 30),
        paired=compare_pairs(pairs, likeness=likeness),
    )


BETTER = [(True, False)] * 9 + [(False, True)]
EVEN = [(True, False)] * 5 + [(False, True)] * 5


def test_a_rate_is_told_with_its_count_and_interval():
    lines = write_verdict(Summary(measured(8, 10)))
    assert lines[0] == "8 of 10 pictures show what was asked."
    assert "(80 %, 95 % interval 49 to 94 %)" in lines[1]


def test_a_clear_gain_is_called_one():
    lines = write_verdict(compared(BETTER, [0.1, 0.12, 0.2] * 3))
    assert lines[0] == (
        "The pictures moved towards the catalogue; more pictures show what was asked."
    )
    assert "Before, it was 10 of 30 (33 %" in lines[1]
    assert "9 became right and 1 became wrong" in lines[2]


def test_a_clear_loss_is_called_one():
    worse = [(there, here) for here, there in BETTER]
    lines = write_verdict(compared(worse, [-0.1, -0.12, -0.2] * 3))
    assert lines[0] == (
        "The pictures moved away from the catalogue; fewer pictures show what was asked."
    )


def test_an_even_split_is_no_difference():
    lines = write_verdict(compared(EVEN, [-0.1, 0.1, 0.02, -0.02] * 2))
    assert lines[0] == (
        "No difference in faithfulness can be told; no move towards the catalogue can be told."
    )


def test_a_shift_nobody_would_see_or_of_a_few_pictures_is_no_move():
    assert "no move" in write_verdict(compared(EVEN, [0.001, 0.0012] * 10))[0]
    assert "catalogue" not in write_verdict(compared(EVEN, [0.2, 0.3]))[0]


def test_nothing_judged_is_said():
    assert write_verdict(Summary(measured(0, 0, unsure=2)))[0] == "No picture could be judged."


def test_what_is_in_no_rate_is_told():
    lines = write_verdict(Summary(measured(1, 2, unsure=1, faults=2, blocked=1)))
    assert "In no rate: 1 picture could not be judged, 2 pictures could not be read." in lines
    assert lines[-1].startswith("Withheld by the safety checker: 1 picture, measured")


def test_likeness_stands_beside_the_catalogues_own():
    summary = Summary(
        measured(1, 2, likeness=measure_mean([0.6, 0.7])),
        catalogue_likeness=Mean(0.9, 5, low=0.88, high=0.92),
    )
    told = next(line for line in write_verdict(summary) if line.startswith("Likeness"))
    assert told.endswith("among the catalogue's own pictures 0.90 (0.88 to 0.92).")
