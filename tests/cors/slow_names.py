"""A second reading of Fetch's "CORS-unsafe request-header names", to hold the browser model's against."""

from collections.abc import Iterable

from corserver.cors.fetch import MAX_SAFELISTED_TOTAL, Field, is_safelisted_request_header


def unsafe_names(headers: Iterable[Field]) -> tuple[bytes, ...]:
    """Lower-case, without repetition, sorted."""
    lines = list(headers)
    safelisted = [line for line in lines if is_safelisted_request_header(*line)]
    is_over = sum(len(value) for _, value in safelisted) > MAX_SAFELISTED_TOTAL
    return tuple(sorted({line[0].lower() for line in lines if is_over or line not in safelisted}))
