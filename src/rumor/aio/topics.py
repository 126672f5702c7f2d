"""Which topics a subscription is for: an exact name, or a pattern in NATS' form.

Tokens are joined by dots. In a pattern `*` stands for one token, and `>`, at the end, for one or more.
"""

import re
from collections.abc import Callable

from rumor.core.errors import UsageError

Matches = Callable[[str], object]
"""Says by a true value whether a topic is meant."""


def matcher(wanted: str | None) -> Matches | None:
    """What tells the topics that are meant from others; None when all are (`wanted` None).

    Raises UsageError for what can be neither a topic nor a pattern.
    """
    if wanted is None or wanted == "":
        return None if wanted is None else "".__eq__
    tokens = wanted.split(".")
    for index, token in enumerate(tokens):
        if not _is_fit(token, last=index == len(tokens) - 1):
            raise UsageError(
                f"{wanted!r} is no topic and no pattern: tokens are joined by dots, none is empty or has a space, "
                "* stands alone for one token, and > alone for all further ones, at the end"
            )
    if "*" not in tokens and ">" not in tokens:
        return wanted.__eq__
    return re.compile(r"\.".join(map(_expression, tokens)), re.DOTALL).fullmatch


def _is_fit(word: str, *, last: bool) -> bool:
    if word == ">":
        return last
    if word == "*":
        return True
    return word != "" and word.isprintable() and not any(mark in word for mark in " *>")


def _expression(token: str) -> str:
    match token:
        case "*":
            return r"[^.]+"
        case ">":
            return r".+"
        case _:
            return re.escape(token)
