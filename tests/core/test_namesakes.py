"""Namesakes: whether a later life under our name is where members were told."""

import pytest

from rumor.core.effects import Dial, Failure, Hangup
from rumor.core.events import LinkFailed, LinkReady
from rumor.core.frames import Goodbye, Parting
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.liveness.namesakes import LOOKS, PAUSE, Namesakes
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

    def fails(self, link: int, *, now: Seconds = 1.0, parting: Parting | None = None) -> bool:
        """The same of one that could not be made."""
        if parting is None:
            self.links.on_lost(link, Failure.UNREACHABLE, now)
        else:
            self.links.on_goodbye(link, Goodbye(parting), now)
        (failed,) = [event for event in self.outbox.drain()[1] if isinstance(event, LinkFailed)]
        return self.namesakes.on_link_failed(failed, now)


def test_where_nobody_answers_nobody_lives() -> None:
    """Asked once, however often it is told meanwhile."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 0.0)
    seeker.namesakes.told(ANA, 0.1)
    ((link, to),) = seeker.dialled()
    assert to == ANA

    other = seeker.links.dial(BO, 0.2)
    assert not seeker.fails(other)
    assert seeker.absent == []
    assert seeker.fails(link)
    assert seeker.absent == [ANA]


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
    """After a pause: only the last claim stands, and a liar does not drive our dials."""
    seeker = Seeker()
    for address in (ANA, BO, CY):
        seeker.namesakes.told(address, 0.0)
    ((first, _),) = seeker.dialled()
    assert seeker.namesakes.next_deadline() is None

    assert seeker.fails(first, now=0.5)
    seeker.namesakes.tick(0.5)
    assert seeker.dialled() == []
    assert seeker.namesakes.next_deadline() == PAUSE
    seeker.namesakes.tick(PAUSE)
    ((second, to),) = seeker.dialled()
    assert to == CY
    assert seeker.fails(second)

    assert seeker.absent == [ANA, CY]
    assert seeker.dialled() == []
    assert seeker.namesakes.next_deadline() is None


def test_what_took_long_is_not_due_in_the_past() -> None:
    """The peer would take that for a sleep of its own."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 100.0)
    seeker.namesakes.told(BO, 100.5)
    ((link, _),) = seeker.dialled()

    seeker.fails(link, now=110.0)

    assert seeker.namesakes.next_deadline() == 110.0


def test_who_is_there_and_takes_no_link_is_looked_for_again() -> None:
    """It may be full for a moment; one that always says so has another reason."""
    seeker = Seeker()
    seeker.namesakes.told(ANA, 0.0)
    for look in range(LOOKS):
        assert seeker.absent == []
        ((link, to),) = seeker.dialled()
        assert to == ANA
        assert seeker.fails(link, now=look * PAUSE, parting=Parting.FULL)
        seeker.namesakes.tick((look + 1) * PAUSE)

    assert seeker.absent == [ANA]
    assert seeker.dialled() == []


def test_behind_a_wildcard_nobody_can_look() -> None:
    """That address is everybody's own."""
    seeker = Seeker()

    seeker.namesakes.told(Address("0.0.0.0", 4001), 0.0)

    assert seeker.dialled() == []
    assert seeker.absent == []
