"""Namesakes: whether a later life under our name is where members were told."""

import pytest

from rumor.core.effects import Dial, Failure, Hangup
from rumor.core.events import LinkFailed, LinkReady
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.liveness.namesakes import Namesakes
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.settings import LinkSettings

from .helpers import ANA, BO, CY, ME, hello


class Seeker:
    """Namesakes, the links that it makes, and what it found."""

    def __init__(self) -> None:
        identity = Identity(ME, name="me", epoch=1000, instance=1)
        self.outbox = Outbox()
        self.links = Links(identity, LinkSettings(), self.outbox)
        self.absent: list[Address] = []
        self.namesakes = Namesakes(identity, self.links, self._absent)

    def _absent(self, address: Address, now: Seconds) -> None:
        self.absent.append(address)

    def dialled(self) -> list[tuple[int, Address]]:
        """Where it went since the last call."""
        return [(effect.link, effect.to) for effect in self.outbox.drain()[0] if isinstance(effect, Dial)]

    def answers(self, link: int, address: Address, name: str) -> bool:
        """Somebody says Hello over a link that was dialled; whether the link was made for that alone."""
        self.links.on_dialled(link, 1.0)
        self.links.on_hello(link, hello(address, name=name), 1.0)
        (ready,) = [event for event in self.outbox.drain()[1] if isinstance(event, LinkReady)]
        return self.namesakes.on_link_ready(ready, 1.0)

    def fails(self, link: int, address: Address) -> bool:
        """The same of one that could not be made."""
        return self.namesakes.on_link_failed(LinkFailed(link, address, Failure.UNREACHABLE, None, classic=False), 1.0)


def test_where_nobody_answers_nobody_lives() -> None:
    """Asked once, however often it is told meanwhile."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 0.0)
    seeker.namesakes.told(ANA, 0.1)
    ((link, to),) = seeker.dialled()
    assert to == ANA

    assert not seeker.fails(link + 2, BO)
    assert seeker.absent == []
    assert seeker.fails(link, ANA)
    assert seeker.absent == [ANA]
    assert not seeker.fails(link, ANA)


def test_who_has_another_name_is_none_of_our_lives() -> None:
    """The link is closed, since nobody else wants it."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 0.0)
    ((link, _),) = seeker.dialled()

    assert seeker.answers(link, ANA, "ana")

    assert seeker.absent == [ANA]
    assert Hangup(link) in seeker.outbox.drain()[0]


def test_who_has_our_name_is_left_to_others() -> None:
    """The link stays: over it both settle who goes on."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 0.0)
    ((link, _),) = seeker.dialled()

    assert not seeker.answers(link, ANA, "me")

    assert seeker.absent == []
    assert Hangup(link) not in seeker.outbox.drain()[0]


@pytest.mark.parametrize("name", ["ana", "me"])
def test_who_holds_a_link_with_us_is_not_dialled(name: str) -> None:
    """Its Hello told its name already."""
    seeker = Seeker()
    seeker.links.on_accepted(1, ANA.host, 0.0)
    seeker.links.on_hello(1, hello(ANA, name=name), 0.0)

    seeker.namesakes.told(ANA, 0.0)

    assert seeker.dialled() == []
    assert seeker.absent == ([ANA] if name == "ana" else [])


def test_of_those_told_meanwhile_the_last_is_sought_next() -> None:
    """One after another: only the last claim stands."""
    seeker = Seeker()
    for address in (ANA, BO, CY):
        seeker.namesakes.told(address, 0.0)
    ((first, _),) = seeker.dialled()

    assert seeker.fails(first, ANA)
    ((second, to),) = seeker.dialled()
    assert to == CY
    assert seeker.fails(second, CY)

    assert seeker.absent == [ANA, CY]
    assert seeker.dialled() == []
