"""Claims: what members say of themselves, and which of two counts.

Claims of one member are in one total order: by epoch, incarnation and standing. That is all that two honest claims
differ in; what else they say only breaks ties, so that even a liar's two claims are taken alike by everybody. Only a
member itself raises its epoch and incarnation.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, TypeAlias

from rumor.core.errors import UsageError
from rumor.core.frames import TAGS_MAX, Claim, Standing, Statement
from rumor.core.ids import Address

HASH_BYTES: Final = 16
BUCKETS: Final = 64
KEY_CHARS_MAX: Final = 64
VALUE_CHARS_MAX: Final = 255

NEWS_FOR: Final = 5_000
"""For so many milliseconds after its beginning a member is news, also for who is told of it as an answer. When many
come at once, all are newcomers: if each kept for itself what it is told, others would hear of it by comparison only."""

Life: TypeAlias = tuple[int, int]
"""Epoch and incarnation: what a statement is about, and what a claim says first."""


def life_of(word: Claim | Statement) -> Life:
    """Which life and incarnation a claim or a statement is about."""
    return word.epoch, word.incarnation


def newer(one: Claim, other: Claim) -> bool:
    """Whether `one` counts, and not `other`: of two different claims of one member always exactly one does."""
    return _rank(one) > _rank(other)


def _rank(claim: Claim) -> tuple[int, int, Standing, int, Address, tuple[tuple[str, str], ...]]:
    return claim.epoch, claim.incarnation, claim.standing, claim.back_at, claim.address, claim.tags


def has_just_come(claim: Claim, moment: int) -> bool:
    """Whether a member began so lately, in milliseconds of the time of day, that not all can have heard of it.

    Not one that seems to begin later: then it is our clock that is behind, and it says nothing of anybody.
    """
    return moment - NEWS_FOR < claim.epoch < moment + NEWS_FOR


def claim_hash(claim: Claim) -> int:
    """A claim's part in the hash of a directory."""
    fields = [claim.name, claim.epoch, claim.incarnation, int(claim.standing), claim.address, claim.back_at]
    return hash_of("claim", *fields, *(text for tag in claim.tags for text in tag))


def hash_of(*fields: object) -> int:
    """The hash of some fields: BLAKE2b over them as text, one a line."""
    return int.from_bytes(blake2b("\n".join(map(str, fields)).encode(), digest_size=HASH_BYTES).digest(), "big")


def bucket_of(name: str) -> int:
    """Which part of a directory a member is compared in."""
    return blake2b(name.encode(), digest_size=1).digest()[0] % BUCKETS


def checked_tags(tags: Mapping[str, str], bytes_max: int) -> tuple[tuple[str, str], ...]:
    """Tags as a claim has them: sorted. Raises UsageError for too many, too long, or unfit ones."""
    if len(tags) > TAGS_MAX:
        raise UsageError(f"{len(tags)} tags; at most {TAGS_MAX} are taken")
    for key, value in tags.items():
        if not 1 <= len(key) <= KEY_CHARS_MAX or not key.isprintable():
            raise UsageError(f"a tag's key has 1 to {KEY_CHARS_MAX} printable characters; {key!r} does not")
        if len(value) > VALUE_CHARS_MAX or not _is_text(value):
            raise UsageError(f"a tag's value is a text of at most {VALUE_CHARS_MAX} characters; that of {key!r} is not")
    sorted_tags = tuple(sorted(tags.items()))
    if tags_bytes(sorted_tags) > bytes_max:
        raise UsageError(f"the tags take {tags_bytes(sorted_tags)} bytes; at most {bytes_max} are taken")
    return sorted_tags


def tags_bytes(tags: tuple[tuple[str, str], ...]) -> int:
    """How long all tags of a member are."""
    return sum(text_bytes(text) for tag in tags for text in tag)


def text_bytes(text: str) -> int:
    """How many bytes a text takes."""
    return len(text) if text.isascii() else len(text.encode())


def claim_bytes(claim: Claim) -> int:
    """About how many bytes a claim takes in a frame."""
    return 48 + text_bytes(claim.name) + len(claim.address.host) + 4 * len(claim.tags) + tags_bytes(claim.tags)


def _is_text(value: str) -> bool:
    """Whether a text can be written as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
