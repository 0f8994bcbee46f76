"""Where it was measured."""

from bench.machine import Machine, parse_processor


def test_a_machine_with_one_core_is_said_to_share_it() -> None:
    assert "(server on 0, wrk on 1)" in str(Machine("a processor", 2, 0, 1, "Linux 6", "3.11", 0.5))
    assert "the same for both" in str(Machine("a processor", 1, 0, 0, "Linux 6", "3.11", 0.5))


def test_the_processor_is_the_first_one_named() -> None:
    assert parse_processor("processor\t: 0\nmodel name\t: AMD EPYC\n\nmodel name\t: other\n") == "AMD EPYC"
    assert parse_processor("processor\t: 0\n") == ""
