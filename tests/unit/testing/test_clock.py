import pytest

from taskfit.testing import Clock


def test_both_hands_move_by_the_same_time() -> None:
    clock = Clock(now_s=1000.0)
    clock.advance(2.5)
    assert (clock.time(), clock.monotonic()) == (1002.5, 2.5)


def test_a_clock_stands_still_by_itself() -> None:
    clock = Clock()
    assert clock.time() == clock.time()
    assert clock.monotonic() == 0.0


def test_a_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="forward only"):
        Clock().advance(-1)


def test_the_wall_clock_can_jump_back_while_intervals_go_on() -> None:
    clock = Clock(now_s=5000.0)
    clock.advance(10)
    clock.set_time(1000.0)
    clock.advance(1)
    assert (clock.time(), clock.monotonic()) == (1001.0, 11.0)
