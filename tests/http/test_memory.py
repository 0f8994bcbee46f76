"""The memory forgets in time, and not what is asked for again."""

from hypothesis import given
from hypothesis import strategies as st

from corserver.http.memory import Memory


def test_what_is_asked_for_again_survives_a_flood_of_what_is_not() -> None:
    memory: Memory[int, int] = Memory(entries=10, weight=1000)
    memory.put(-1, 1, 1)
    assert memory.get(-1) == 1
    for key in range(1000):
        memory.put(key, key, 1)
        assert len(memory) <= 11
    assert memory.get(-1) == 1
    assert memory.get(0) is None


def test_what_weighs_too_much_is_not_kept_and_nothing_is_without_entries() -> None:
    memory: Memory[int, int] = Memory(entries=10, weight=10)
    memory.put(1, 1, 11)
    assert memory.get(1) is None
    nothing: Memory[int, int] = Memory(entries=0)
    nothing.put(1, 1, 1)
    assert nothing.get(1) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60), st.booleans()), max_size=200))
def test_it_is_right_or_forgetful_and_bounded_in_entries_and_weight(steps: list[tuple[int, int, bool]]) -> None:
    memory: Memory[int, tuple[int, int]] = Memory(entries=5, weight=100)
    put: dict[int, tuple[int, int]] = {}
    for number, (key, weight, puts) in enumerate(steps):
        if puts and memory.get(key) is None:
            put[key] = (number, weight)
            memory.put(key, put[key], weight)
        found = memory.get(key)
        assert found is None or found == put[key]
        assert len(memory) <= 10
        kept = [put[key][1] for key in put if memory.get(key) is not None]
        assert sum(kept) <= 200
    memory.clear()
    assert len(memory) == 0
