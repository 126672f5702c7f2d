"""Registry: the peers that a seed lists, each once, in the order of registration; and whom it struck off lately.

    by text   an address                  the host is the connection's
    by link   a name, and an address      named: the same name at a new address moves, whoever comes to an address
                                          that another had takes its place

Of one name the greatest (epoch, incarnation) counts, and of that the latest proof of life. Who is struck off leaves a
tombstone, so that no other seed's older word brings it back; its own word does.

Rule 1: bounded in all and by source. Rule 2: a reply always ends with the asker itself, and fits into what an original
peer reads; only IPv4 addresses stand in it. Rule 3: a sample is drawn so that each is as likely as another.
"""

import enum
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from operator import attrgetter
from random import Random

import msgspec

from rumor.core.frames import Contact
from rumor.core.ids import Address, Seconds, is_loopback
from rumor.core.messages import PeerList
from rumor.core.settings import RegistrySettings

SPARE = 2
"""So many entries more than fit on average are looked at for a reply: the last ones may be short."""

ENTRY_BYTES_MAX = len(",255.255.255.255:65535")

HAND = 64
"""So many who are answered one after another are told of the same others, those before and after them of different
ones: to choose and write them is most of the work."""

_ORDER = attrgetter("order")


class Refusal(enum.Enum):
    """Why a peer is not listed."""

    FULL = "the list is full"
    SOURCE_FULL = "too many peers registered from one host"


class Registrant(msgspec.Struct, frozen=True):
    """Who shall be listed. `name` is "" for one that came by text; `proof`: when it last showed that it lives.

    `source` is the host that it came from, to which it counts; "": the one of its address.
    """

    address: Address
    name: str = ""
    epoch: int = 0
    incarnation: int = 0
    proof: Seconds = 0.0
    source: str = ""


class Listed(msgspec.Struct, eq=False, gc=False):
    """Who is listed; see Registrant. `order` counts the registrations; `off` once it is listed no more.

    `bytes` is what it takes in a list that goes by text.
    """

    address: Address
    name: str
    epoch: int
    incarnation: int
    proof: Seconds
    source: str
    order: int
    bytes: int = 0
    off: bool = False

    @property
    def key(self) -> str:
        """Its name, or else its address."""
        return self.name or str(self.address)

    @property
    def life(self) -> tuple[int, int]:
        """Which of its lives, and how often it refuted in it."""
        return self.epoch, self.incarnation


class Took(enum.Enum):
    """What became of a registration."""

    NEW = "it was not listed"
    MOVED = "it was listed at another address"
    CHANGED = "it was listed otherwise"
    PROVEN = "it was listed so, and lives"
    OLD = "something newer is known"


class Tombstone(msgspec.Struct, frozen=True):
    """Who was struck off, and when. `order` is its entry's; of one that another seed struck off, a new one."""

    name: str
    address: Address
    epoch: int
    incarnation: int
    at: Seconds
    order: int = 0

    @property
    def key(self) -> str:
        """Its name, or else its address."""
        return self.name or str(self.address)

    @property
    def word(self) -> tuple[int, int, Seconds]:
        """What a word about the same peer must be greater than."""
        return self.epoch, self.incarnation, self.at


class _Hand(msgspec.Struct, eq=False):
    """Others that some are told by text, in the order of registration, and so many more may be.

    `text` is what is written of them, each with a comma after it.
    """

    peers: dict[Address, None]
    text: str
    left: int = HAND


class Registry:
    """A seed's list. Who is taken off leaves a gap in its deck, closed when half are gaps."""

    def __init__(self, settings: RegistrySettings, rng: Random, *, limit_loopback: bool) -> None:
        self._settings = settings
        self._rng = rng
        self._limit_loopback = limit_loopback
        self._fours: dict[Address, Listed] = {}
        self._others: dict[Address, Listed] = {}
        self._names: dict[str, Listed] = {}
        self._by_source: dict[str, int] = {}
        self._deck = Deck(rng)
        self._others_deck = Deck(rng)
        self._tombstones: dict[str, Tombstone] = {}
        self._bytes = 0
        self._hand: _Hand | None = None
        self._last_order = 0
        self._went: list[int] = []

    def __len__(self) -> int:
        """How many peers are listed."""
        return len(self._fours) + len(self._others)

    def __contains__(self, peer: Address) -> bool:
        """Whether a peer is listed at that address."""
        return peer in self._fours or peer in self._others

    def __iter__(self) -> Iterator[Listed]:
        """All that are listed."""
        return chain(self._fours.values(), self._others.values())

    def at(self, address: Address) -> Listed | None:
        """Who is listed at an address."""
        return self._fours.get(address) or self._others.get(address)

    def find(self, name: str, address: Address) -> Listed | None:
        """Who is listed under a name, or else at an address."""
        return (self._names.get(name) if name else None) or self.at(address)

    def epoch_of(self, name: str) -> int:
        """The greatest epoch known of a name, 0 if it is not listed."""
        listed = self._names.get(name)
        return listed.epoch if listed is not None else 0

    # Who comes and goes.

    def take(self, who: Registrant) -> tuple[Listed, Took] | Refusal:
        """List a peer, or renew it, or say why not. One that is listed keeps its place."""
        listed = self.find(who.name, who.address)
        if listed is None:
            return self._refusal(_source_of(who)) or (self._add(who), Took.NEW)
        if who.name == listed.name:
            return self._take_same(listed, who)
        if who.proof < listed.proof:
            return listed, Took.OLD
        listed.proof = who.proof
        if not who.name:
            return listed, Took.PROVEN
        self._names.pop(listed.name, None)
        self._names[who.name] = listed
        listed.name, listed.epoch, listed.incarnation = who.name, who.epoch, who.incarnation
        return listed, Took.CHANGED

    def restore(self, many: Iterable[Listed | Tombstone]) -> list[Listed]:
        """List many again as they were kept, in ascending `order`; those for whom there is room, each once.

        Returns who is listed.
        """
        fours, others, names, by_source = self._fours, self._others, self._names, self._by_source
        capacity, per_source_max = self._settings.capacity, self._settings.per_source_max
        laid: tuple[list[Listed], list[Listed]] = ([], [])
        for one in many:  # a million of them: each look into a table counts
            self._last_order = one.order
            if isinstance(one, Tombstone):
                self.bury(one)
                continue
            address, name, source = one.address, one.name, one.source
            of_source = by_source.get(source, 0)
            is_tight = of_source >= per_source_max or len(fours) + len(others) >= capacity
            if name in names or (is_tight and self._refusal(source) is not None):
                continue
            is_four = address.is_ipv4
            if (fours if is_four else others).setdefault(address, one) is not one:
                continue
            if name:
                names[name] = one
            by_source[source] = of_source + 1
            if is_four:
                one.bytes = size = _entry_bytes(address)
                self._bytes += size
            laid[not is_four].append(one)
        self._deck.lay(laid[0])
        self._others_deck.lay(laid[1])
        return [*laid[0], *laid[1]]

    def went(self) -> list[int]:
        """The orders of those who are neither listed nor remembered as struck off any more, since the last call."""
        went, self._went = self._went, []
        return went

    def remove(self, listed: Listed) -> None:
        """Take a peer off."""
        self._remove(listed)
        self._went.append(listed.order)

    # Who was struck off.

    @property
    def tombstones(self) -> tuple[Tombstone, ...]:
        """All that were struck off lately."""
        return tuple(self._tombstones.values())

    def tombstone(self, key: str) -> Tombstone | None:
        """Of whom it is, by its name or else its address."""
        return self._tombstones.get(key)

    def strike_off(self, listed: Listed, now: Seconds) -> Tombstone:
        """Take a peer off that does not answer."""
        self._remove(listed)
        return self.bury(Tombstone(listed.name, listed.address, listed.epoch, listed.incarnation, now, listed.order))

    def bury(self, stone: Tombstone) -> Tombstone:
        """Remember who was struck off, here or by another seed; what is remembered. When full, the oldest is forgotten.

        Of two words about the same peer the greater is kept.
        """
        key = stone.key
        if not stone.order:
            self._last_order += 1
            stone = msgspec.structs.replace(stone, order=self._last_order)
        old = self._tombstones.pop(key, None)
        if old is not None and old.word >= stone.word:
            old, stone = stone, old
        self._tombstones[key] = stone
        if old is not None:
            self._went.append(old.order)
        if len(self._tombstones) > self._settings.capacity:
            self.forgive(next(iter(self._tombstones)))
        return stone

    def forgive(self, key: str) -> None:
        """Who was struck off is here again, or may come."""
        stone = self._tombstones.pop(key, None)
        if stone is not None:
            self._went.append(stone.order)

    def expire(self, before: Seconds) -> None:
        """Forget who was struck off before that moment."""
        for key in [key for key, stone in self._tombstones.items() if stone.at < before]:
            self.forgive(key)

    # What is told.

    def reply_for(self, asker: Address) -> PeerList:
        """The list as it goes to a peer by text: all others in the order of registration, then the asker.

        If that is longer than an original peer reads, about as many of the others as fit, chosen at random.
        """
        own = self._fours.get(asker)
        if self._bytes + (_entry_bytes(asker) if own is None else 0) <= self._settings.reply_bytes_max + 1:
            return PeerList((*[listed.address for listed in self._fours.values() if listed is not own], asker))
        if self._hand is None or not self._hand.left:
            self._hand = self._deal()
        hand, own_text = self._hand, str(asker)
        hand.left -= 1
        if asker not in hand.peers:
            return PeerList((*hand.peers, asker), f"{hand.text}{own_text}")
        others = [peer for peer in hand.peers if peer != asker]
        rest = f",{hand.text}".replace(f",{own_text},", ",").removeprefix(",")
        return PeerList((*others, asker), rest + own_text)

    def sample(self, asker: str, wanted: int) -> tuple[Contact, ...]:
        """So many peers at random as one of ours wants, as far as it is told so many, and never itself."""
        wanted = min(wanted, self._settings.sample)
        if len(self) <= wanted:
            some: list[Listed] = list(self)
        else:
            total, fours = len(self), len(self._fours)
            of_fours = sum(self._rng.random() * total < fours for _ in range(wanted))
            some = [*self._deck.some(of_fours), *self._others_deck.some(wanted - of_fours)]
        return tuple(Contact(one.key, one.address) for one in some if one.key != asker)

    @property
    def decks(self) -> tuple["Deck", "Deck"]:
        """All that are listed, in a random order, with gaps: for who goes through them in pieces."""
        return self._deck, self._others_deck

    # Inside.

    def _remove(self, listed: Listed) -> None:
        address = listed.address
        if self._fours.pop(address, None) is not None:
            self._bytes -= listed.bytes
            self._hand = None
            self._deck.discard(listed, len(self._fours))
        else:
            del self._others[address]
            self._others_deck.discard(listed, len(self._others))
        self._names.pop(listed.name, None)
        self._by_source[listed.source] -= 1
        if not self._by_source[listed.source]:
            del self._by_source[listed.source]

    def _refusal(self, source: str) -> Refusal | None:
        return Refusal.FULL if len(self) >= self._settings.capacity else self._source_refusal(source)

    def _source_refusal(self, source: str) -> Refusal | None:
        if self._by_source.get(source, 0) < self._settings.per_source_max:
            return None
        return Refusal.SOURCE_FULL if self._limit_loopback or not is_loopback(source) else None

    def _take_same(self, listed: Listed, who: Registrant) -> tuple[Listed, Took] | Refusal:
        """The same name again, or the same address by text."""
        life = (who.epoch, who.incarnation)
        if who.address == listed.address:
            if life <= listed.life and who.proof <= listed.proof:
                return listed, Took.OLD
            took = Took.PROVEN if life <= listed.life else Took.CHANGED
            listed.epoch, listed.incarnation = max(life, listed.life)
            listed.proof = max(who.proof, listed.proof)
            return listed, took
        if (life, who.proof) <= (listed.life, listed.proof):
            return listed, Took.OLD
        refusal = self._source_refusal(_source_of(who))
        if refusal is not None and _source_of(who) != listed.source:
            return refusal
        for one in (listed, self.at(who.address)):
            if one is not None:
                self.remove(one)
        return self._add(who), Took.MOVED

    def _add(self, who: Registrant) -> Listed:
        self._last_order += 1
        address, source = who.address, _source_of(who)
        listed = Listed(address, who.name, who.epoch, who.incarnation, who.proof, source, self._last_order)
        if address.is_ipv4:
            listed.bytes = _entry_bytes(address)
            self._bytes += listed.bytes
            self._fours[address] = listed
            self._deck.put(listed)
        else:
            self._others[address] = listed
            self._others_deck.put(listed)
        if listed.name:
            self._names[listed.name] = listed
        self._by_source[source] = self._by_source.get(source, 0) + 1
        return listed

    def _deal(self) -> _Hand:
        """Others as many as fit into a reply beside any asker: a cut from the deck, at random. There are more."""
        room = self._settings.reply_bytes_max + 1 - ENTRY_BYTES_MAX
        wanted = max(0, room) * len(self._fours) // self._bytes + SPARE
        while True:
            cards = self._deck.piece(wanted)
            count = bisect_right([*accumulate([card.bytes for card in cards])], room)
            if count < len(cards):
                break
            wanted += wanted // 8 + SPARE  # short addresses were drawn: more of them fit
        peers = dict.fromkeys([card.address for card in sorted(cards[:count], key=_ORDER)])
        return _Hand(peers, "".join([f"{peer}," for peer in peers]))


class Deck:
    """Peers in a random order, for samples; those that were taken off lie in it until half have been.

    Many that come at once lie at the end in their order, and are mixed in with the pieces that are dealt: a restart
    with a million has no time for it.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._cards: list[Listed] = []
        self._unmixed = 0

    def __len__(self) -> int:
        """How many cards there are, gaps included."""
        return len(self._cards)

    def walk(self, place: int, count: int) -> Iterator[Listed]:
        """So many cards from a place on, round and round. Who comes or goes meanwhile may be left out, or twice."""
        for step in range(place, place + count):
            if not self._cards:
                return
            card = self._cards[step % len(self._cards)]
            if not card.off:
                yield card

    def put(self, listed: Listed) -> None:
        """Put one in so that every order stays as likely as another (Fisher and Yates, inside out)."""
        cards = self._cards
        at = int(self._rng.random() * (len(cards) + 1))
        cards.append(listed)
        cards[at], cards[-1] = listed, cards[at]

    def lay(self, many: list[Listed]) -> None:
        """Lay many at the end."""
        self._cards += many
        self._unmixed += len(many)

    def discard(self, listed: Listed, left: int) -> None:
        """One is taken off, so many are left."""
        listed.off = True
        if len(self._cards) > 2 * left:
            self._cards = [card for card in self._cards if not card.off]

    def some(self, count: int) -> list[Listed]:
        """So many cards at random, or all."""
        return self.piece(count)[:count]

    def piece(self, count: int) -> list[Listed]:
        """At least so many cards in a row from a random one on, or all: copied at once, since that is often done."""
        cards = self._cards
        start = int(self._rng.random() * len(cards))
        wanted = count
        while True:
            if self._unmixed > 0:
                self._mix(start, wanted)
            beyond = max(0, start + wanted - len(cards))
            some = cards[start : start + wanted] + cards[: min(beyond, start)]
            piece = [card for card in some if not card.off]
            if len(piece) >= count or len(some) == len(cards):
                return piece
            wanted *= 2

    def _mix(self, start: int, count: int) -> None:
        """Let chance choose the cards of a piece, out of all; it is mixed when all have had their turn."""
        cards, random = self._cards, self._rng.random
        size = len(cards)
        for step in range(start, start + min(count, size)):
            place, other = step % size, int(random() * size)
            cards[place], cards[other] = cards[other], cards[place]
        self._unmixed -= count


def _source_of(who: Registrant) -> str:
    return who.source or who.address.host


def _entry_bytes(peer: Address) -> int:
    """What an entry takes in a reply, its comma included."""
    port = peer.port
    digits = 5 if port > 9_999 else 4 if port > 999 else len(str(port))
    return len(peer.host) + len(",:") + digits
