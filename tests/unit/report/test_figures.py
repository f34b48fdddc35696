from couturier.report.figures import CURVE_HEIGHT, CURVE_WIDTH, draw_curve


def log(losses, **more):
    return [{"step": step, "loss": loss} | more for step, loss in enumerate(losses, start=1)]


def points(text):
    return [tuple(float(number) for number in point.split(",")) for point in text.split()]


def test_a_falling_loss_falls_on_the_page():
    drawn = points(draw_curve(log([0.4, 0.3, 0.2, 0.1])).trend)
    heights = [y for _, y in drawn]
    assert heights == sorted(heights)  # y points down
    assert drawn[-1][0] == CURVE_WIDTH
    assert all(0 <= y <= CURVE_HEIGHT for y in heights)


def test_a_held_out_loss_is_drawn_where_it_was_measured():
    rows = [*log([0.4, 0.3, 0.2]), {"step": 3, "held_out_loss": 0.25}]
    assert len(points(draw_curve(rows).held_out)) == 1
    assert "held-out" in draw_curve(rows).told


def test_one_wild_batch_stays_inside_the_drawing():
    curve = draw_curve(log([0.1] * 200 + [9.0] + [0.1] * 200))
    assert min(y for _, y in points(curve.loss)) == 0.0


def test_losses_that_are_no_numbers_are_left_out():
    curve = draw_curve([*log([0.4, 0.3]), {"step": 3, "loss": float("nan")}])
    assert len(points(curve.loss)) == 2


def test_one_logged_loss_makes_no_curve():
    assert draw_curve(log([0.4])) is None
    assert draw_curve([]) is None


def test_steps_are_marked_in_round_numbers():
    curve = draw_curve(log([0.1] * 400))
    assert [tick.text for tick in curve.x_ticks] == ["0", "100", "200", "300", "400"]
