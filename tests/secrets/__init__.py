"""Secrets: sealed where they lie, masked wherever they could come out."""  # noqa: A005 - a package of tests
