"""What an exception comes of: frameworks raise their own for what they were told."""


def comes_of(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """Whether *error*, or what it was raised for, is of these *kinds*."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__ or error.__context__
    return error is not None
