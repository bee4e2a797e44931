"""What goes from thread to thread."""

import threading

import pytest

from artem.media.handover import ClosedError, Handover


def test_the_newest_wins() -> None:
    handover: Handover[int] = Handover(1, newest_wins=True)
    for number in range(5):
        handover.put(number)
    assert handover.get() == 4
    assert handover.dropped == 4
    assert handover.get(timeout_s=0) is None


def test_every_one_in_its_turn() -> None:
    handover: Handover[int] = Handover(2, newest_wins=False)
    taken: list[int] = []

    def take() -> None:
        while len(taken) < 100:
            number = handover.get()
            assert number is not None
            taken.append(number)

    thread = threading.Thread(target=take)
    thread.start()
    for number in range(100):
        handover.put(number)
    thread.join()
    assert taken == list(range(100))
    assert handover.dropped == 0


def test_what_waits_can_be_taken_after_closing() -> None:
    handover: Handover[str] = Handover(3, newest_wins=False)
    handover.put("a")
    handover.close()
    assert handover.get() == "a"
    with pytest.raises(ClosedError):
        handover.get()
    with pytest.raises(ClosedError):
        handover.put("b")


def test_an_error_comes_after_what_was_given() -> None:
    handover: Handover[str] = Handover(3, newest_wins=False)
    handover.put("a")
    handover.close(OSError("gone"))
    assert handover.get() == "a"
    with pytest.raises(OSError, match="gone"):
        handover.get()


def test_abandoning_frees_who_waits_to_give() -> None:
    handover: Handover[int] = Handover(1, newest_wins=False)
    handover.put(0)
    ended = threading.Event()

    def give() -> None:
        with pytest.raises(ClosedError):
            handover.put(1)
        ended.set()

    thread = threading.Thread(target=give)
    thread.start()
    handover.abandon()
    thread.join(10)
    assert ended.is_set()
