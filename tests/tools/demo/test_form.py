"""The form: runs of good ones, and every mistake of bad ones."""

from typing import Any

import pytest

from corserver.tools.demo.form import FormError, read_form

A = "https://a.example"


def test_a_whole_form() -> None:
    run = read_form(
        {
            "method": "PUT",
            "headers": "Content-Type: application/json\n\nX-Colour:red",
            "body": "{}",
            "credentials": "include",
            "origins": f"{A}, https://b.example",
            "methods": "PUT DELETE",
            "allowed_headers": "Content-Type\nX-Colour",
            "allow_credentials": True,
            "max_age": "60",
            "status": "404",
        }
    )
    assert run.script.headers == (("Content-Type", "application/json"), ("X-Colour", "red"))
    assert run.site_b.status == 404
    assert run.site_b.policy is not None
    assert run.site_b.policy.describe() == {
        "origins": [A, "https://b.example"],
        "methods": ["PUT", "DELETE"],
        "headers": ["content-type", "x-colour"],
        "credentials": True,
        "max_age": 60,
    }


def test_no_policy_and_no_body_where_there_can_be_none() -> None:
    run = read_form({"governed": False, "body": "x", "origins": "nonsense"})
    assert (run.site_b.policy, run.script.body) == (None, None)


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["origins"]),
    ({"origins": "*", "allow_credentials": True}, ["origins"]),
    ({"origins": "https://a.example/"}, ["origins"]),
    ({"origins": A, "methods": "put", "allowed_headers": "host"}, ["methods", "allowed_headers"]),
    ({"origins": A, "max_age": "soon"}, ["max_age"]),
    ({"origins": A, "max_age": "99999999"}, ["max_age"]),
    ({"origins": A, "method": "", "status": "99"}, ["method", "status"]),
    ({"origins": A, "method": "PUT IT"}, ["method"]),
    ({"origins": A, "headers": "no colon"}, ["headers"]),
    ({"origins": A, "headers": "X-A: 1\nx-a: 2"}, ["headers"]),
    ({"origins": A, "headers": "X-A: é"}, ["headers"]),
    ({"origins": A, "credentials": "always"}, ["credentials"]),
    ({"origins": [A]}, ["origins"]),
    ({"origins": A, "governed": "yes"}, ["governed"]),
    ({"origins": A, "body": "x" * 2001}, ["body"]),
]


@pytest.mark.parametrize(("form", "fields"), BAD)
def test_every_mistake_is_named_by_its_field(form: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        read_form(form)
    assert [mistake.field for mistake in caught.value.mistakes] == fields
    assert all(mistake.why and mistake.write for mistake in caught.value.mistakes)
