"""What holds for all inputs: round trips, and machines against plain models."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rumor.core.classic.heard_list import HeardList
from rumor.core.classic.overlay import ClassicOverlay
from rumor.core.effects import Answer, Ask, Close, Effect, Failure
from rumor.core.errors import AddressError
from rumor.core.events import NeighborDown, NeighborUp, Reason
from rumor.core.ids import PORT_MAX, Address, Identity, Seconds
from rumor.core.messages import ConnectAccepted, Gossip
from rumor.core.outbox import Outbox
from rumor.core.seeds.registry import Refusal, Registrant, Registry
from rumor.core.settings import ClassicOverlaySettings, FloodSettings, RegistrySettings
from rumor.core.timers import Timers, backoff, soonest

from .helpers import ME, peer_at, rumor

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Enough to find what is wrong in some of the first hundred runs, and quick enough for each."""

QUICK_MACHINE = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

ports = st.integers(1, PORT_MAX)
ipv4_hosts = st.ip_addresses(v=4).map(str)
labels = st.text("ab09-_", max_size=8).map("h".__add__)
host_names = st.lists(labels, min_size=1, max_size=4).map(".".join)
hosts = st.one_of(ipv4_hosts, st.ip_addresses(v=6).map(str), host_names)
addresses = st.builds(Address, hosts, ports)
peers = st.builds(Address, st.sampled_from(["10.0.0.1", "10.0.0.2", "127.0.0.1"]), st.integers(1, 5))
seed_numbers = st.integers(0, 1 << 32)


# Addresses.


@QUICK
@given(addresses)
def test_an_address_that_is_written_is_read_as_itself(address: Address) -> None:
    """`parse(str(address)) == address` for every address."""
    assert Address.parse(str(address)) == address


@QUICK
@given(st.one_of(st.text(max_size=30), st.text("019af.:%[]\n", max_size=20).map("{}:80".format)))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    """Whatever the text, `parse` raises AddressError or gives an address that is written and read as itself."""
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert Address.parse(str(address)) == address


# Waiting.


@QUICK
@given(
    tries=st.integers(1, 10_000),
    first=st.floats(0.001, 100.0),
    factor=st.floats(1.0, 1000.0),
    number=seed_numbers,
)
def test_a_wait_is_never_above_the_longest_nor_below_half_of_the_first(
    tries: int, first: float, factor: float, number: int
) -> None:
    """However many failures: at least half of the first wait, at most the longest."""
    wait = backoff(tries, first=first, longest=first * factor, rng=Random(number))

    assert first / 2 <= wait <= first * factor


@QUICK
@given(tries=st.integers(1, 40), first=st.floats(0.001, 100.0), number=seed_numbers)
def test_one_failure_more_never_shortens_the_wait_by_the_same_chance(tries: int, first: float, number: int) -> None:
    """With equal luck, who failed more often waits at least as long."""
    waits = [backoff(count, first=first, longest=60.0, rng=Random(number)) for count in (tries, tries + 1)]

    assert waits == sorted(waits)


@QUICK
@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9))))
def test_the_soonest_deadline_is_the_least_of_those_there_are(deadlines: list[float | None]) -> None:
    """`soonest` is the minimum, with None for those that are missing and for none at all."""
    there = [deadline for deadline in deadlines if deadline is not None]

    assert soonest(*deadlines) == (min(there) if there else None)


class TimersMachine(RuleBasedStateMachine):
    """Timers against a plain dict, while time goes on."""

    keys = st.sampled_from("abcde")
    delays = st.integers(-2, 5)

    def __init__(self) -> None:
        super().__init__()
        self.timers: Timers[str] = Timers()
        self.model: dict[str, float] = {}
        self.now = 0.0

    @rule(key=keys, delay=delays)
    def set(self, key: str, delay: int) -> None:
        self.timers.set(key, self.now + delay)
        self.model[key] = self.now + delay

    @rule(key=keys)
    def cancel(self, key: str) -> None:
        self.timers.cancel(key)
        self.model.pop(key, None)

    @rule(step=st.integers(0, 4))
    def take_all(self, step: int) -> None:
        self.now += step
        given_keys = list(self.timers.due(self.now))
        expected = sorted((at, key) for key, at in self.model.items() if at <= self.now)
        assert sorted(given_keys) == sorted(key for _, key in expected)
        assert [self.model[key] for key in given_keys] == [at for at, _ in expected]
        for key in given_keys:
            del self.model[key]

    @rule(step=st.integers(0, 4), moved=keys, delay=delays, cancelled=keys)
    def change_while_taking(self, step: int, moved: str, delay: int, cancelled: str) -> None:
        self.now += step
        taken: dict[str, float] = {}
        for key in self.timers.due(self.now):
            taken[key] = self.model.pop(key)
            if len(taken) == 1:
                self.set(moved, delay)
                self.cancel(cancelled)
        assert list(taken.values()) == sorted(taken.values())
        assert all(at <= self.now for at in taken.values())

    @rule()
    def take_one(self) -> None:
        for key in self.timers.due(self.now):
            assert self.model.pop(key) <= self.now
            break

    @invariant()
    def the_soonest_is_known(self) -> None:
        assert self.timers.next_deadline() == min(self.model.values(), default=None)

    @invariant()
    def just_the_set_keys_are_contained(self) -> None:
        assert [key in self.timers for key in "abcde"] == [key in self.model for key in "abcde"]


# The Message List.


class MessageListMachine(RuleBasedStateMachine):
    """The Message List against a plain list of all that it ever took."""

    CAPACITY = 4
    AGE_MAX = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.list = HeardList(FloodSettings(capacity=self.CAPACITY, age_max=self.AGE_MAX))
        self.taken: list[tuple[Gossip, Seconds]] = []
        self.now = 0.0
        self.bounds = (0, 0)

    @rule(number=st.integers(1, 8), step=st.integers(0, 6))
    def add(self, number: int, step: int) -> None:
        self.now += step
        kept = [gossip for gossip, at in self.taken[-self.CAPACITY :] if self.now - at <= self.AGE_MAX]
        new = self.list.add(rumor(number), self.now)
        assert new == (rumor(number) not in kept)
        if new:
            self.taken.append((rumor(number), self.now))

    @invariant()
    def what_is_kept_is_the_end_of_what_was_taken(self) -> None:
        kept = [self.list.at(position) for position in range(self.list.first, self.list.end)]
        assert kept == [gossip for gossip, _ in self.taken[self.list.first :]]

    @invariant()
    def nothing_is_kept_twice(self) -> None:
        kept = [self.list.at(position) for position in range(self.list.first, self.list.end)]
        assert len(kept) == len(set(kept))

    @invariant()
    def bounds_are_kept(self) -> None:
        assert self.list.end - self.list.first <= self.CAPACITY

    @invariant()
    def positions_only_grow(self) -> None:
        first, end = self.bounds
        self.bounds = (self.list.first, self.list.end)
        assert first <= self.list.first <= self.list.end
        assert end <= self.list.end == len(self.taken)
        assert self.list.at(self.list.end) is None


# The registry.


class RegistryMachine(RuleBasedStateMachine):
    """A seed's list against a plain list."""

    SETTINGS = RegistrySettings(capacity=8, per_source_max=3, reply_bytes_max=75)

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry(self.SETTINGS, Random(0), limit_loopback=False)
        self.model: list[Address] = []

    @rule(peer=peers)
    def add(self, peer: Address) -> None:
        answer = self.registry.take(Registrant(peer))
        refusal = answer if isinstance(answer, Refusal) else None
        assert refusal == self._expected(peer)
        if refusal is None and peer not in self.model:
            self.model.append(peer)

    def _expected(self, peer: Address) -> Refusal | None:
        if peer in self.model:
            return None
        if len(self.model) >= self.SETTINGS.capacity:
            return Refusal.FULL
        of_host = [listed for listed in self.model if listed.host == peer.host]
        if peer.host != "127.0.0.1" and len(of_host) >= self.SETTINGS.per_source_max:
            return Refusal.SOURCE_FULL
        return None

    @rule(peer=peers)
    def remove(self, peer: Address) -> None:
        listed = self.registry.at(peer)
        assert (listed is not None) == (peer in self.model)
        if listed is not None:
            self.registry.remove(listed)
            self.model.remove(peer)

    @rule(asker=peers)
    def reply(self, asker: Address) -> None:
        reply = self.registry.reply_for(asker).peers
        others = [peer for peer in self.model if peer != asker]
        assert reply[-1] == asker
        assert [peer for peer in others if peer in reply] == list(reply[:-1])
        assert len(",".join(map(str, reply))) <= self.SETTINGS.reply_bytes_max
        if len(",".join(map(str, (*others, asker)))) <= self.SETTINGS.reply_bytes_max:
            assert reply == (*others, asker)

    @invariant()
    def it_is_the_same_set(self) -> None:
        assert len(self.registry) == len(self.model)
        assert all(self.registry.at(peer) is not None for peer in self.model)


@settings(QUICK, max_examples=15)
@given(
    count=st.integers(0, 2000), gone=st.integers(0, 2000), asker=st.integers(0, 2100), port=ports, number=seed_numbers
)
def test_a_reply_fits_whatever_the_list(count: int, gone: int, asker: int, port: int, number: int) -> None:
    """Up to 2,000 peers, some taken off: the reply fits an original peer, is ordered, and ends with the asker alone."""
    listed = [Address(peer_at(place).host, port) for place in range(count)]
    registry = Registry(RegistrySettings(), Random(number), limit_loopback=False)
    for peer in listed:
        registry.take(Registrant(peer))
    for peer in listed[:gone]:
        entry = registry.at(peer)
        assert entry is not None
        registry.remove(entry)
    who = Address(peer_at(asker).host, port)

    reply = registry.reply_for(who).peers

    assert reply[-1] == who
    assert len(",".join(map(str, reply))) <= 10_239
    others = {peer: place for place, peer in enumerate(listed[gone:]) if peer != who}
    places = [others[peer] for peer in reply[:-1]]
    assert places == sorted(set(places))
    assert len(places) >= min(len(others), 440)


# The overlay.


class OverlayMachine(RuleBasedStateMachine):
    """The rules of the overlay under any order of what others do, on time and late."""

    LIMITS = ClassicOverlaySettings(wanted_min=2, wanted_max=3, neighbors_max=4, contacts_capacity=6)
    some = st.integers(0, 9).map(peer_at)

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.classic_overlay = ClassicOverlay(Identity(ME), self.LIMITS, self.outbox, Random(0))
        self.asks: list[Ask] = []
        self.believed: list[Address] = []
        self.now = 0.0
        self.classic_overlay.join(0.0)

    def collect(self) -> list[Effect]:
        """Note who is asked now, and who came and went; give the effects that are no Ask."""
        effects, events = self.outbox.drain()
        self.asks += [effect for effect in effects if isinstance(effect, Ask)]
        for event in events:
            match event:
                case NeighborUp(neighbor):
                    assert neighbor not in self.believed
                    self.believed.append(neighbor)
                case NeighborDown(neighbor):
                    self.believed.remove(neighbor)
        return [effect for effect in effects if not isinstance(effect, Ask)]

    @rule(named=st.lists(some, max_size=8))
    def learn(self, named: list[Address]) -> None:
        self.classic_overlay.learn([*named, ME], self.now)
        assert self.collect() == []

    @precondition(lambda self: self.asks)
    @rule(data=st.data(), failure=st.sampled_from([None, *Failure]))
    def end_an_ask(self, data: st.DataObject, failure: Failure | None) -> None:
        ask = self.asks.pop(data.draw(st.integers(0, len(self.asks) - 1)))
        if failure is None:
            self.classic_overlay.on_accepted(ask.to, self.now)
        else:
            self.classic_overlay.on_refused(ask.to, failure, self.now)
        assert self.collect() == []

    @rule(peer=st.one_of(some, st.just(ME)))
    def be_asked(self, peer: Address) -> None:
        self.classic_overlay.on_connect_request(1, peer, self.now)
        (answer,) = self.collect()
        taken = peer in self.classic_overlay.neighbors
        assert answer == (Answer(1, ConnectAccepted()) if taken else Close(1))

    @rule(peer=some)
    def die(self, peer: Address) -> None:
        self.classic_overlay.drop(peer, Reason.DEAD, self.now)
        assert self.collect() == []
        assert peer not in self.classic_overlay.neighbors

    @rule(peer=some)
    def turn_out_to_be_ours(self, peer: Address) -> None:
        self.classic_overlay.forget(peer, self.now)
        assert self.collect() == []
        assert peer not in (*self.classic_overlay.neighbors, *self.classic_overlay.contacts)

    @rule()
    def hear_a_liveness_request(self) -> None:
        self.classic_overlay.on_liveness_request(peer_at(0).host, self.now)
        assert self.collect() == []

    @rule(step=st.floats(0.1, 50.0))
    def wait(self, step: float) -> None:
        self.now += step
        self.classic_overlay.tick(self.now)
        assert self.collect() == []

    @invariant()
    def neighbors_are_those_that_came_and_did_not_go(self) -> None:
        assert self.classic_overlay.neighbors == tuple(self.believed)

    @invariant()
    def neighbors_are_bounded(self) -> None:
        assert len(self.classic_overlay.neighbors) <= self.LIMITS.neighbors_max

    @invariant()
    def contacts_are_bounded(self) -> None:
        assert len(self.classic_overlay.contacts) <= self.LIMITS.contacts_capacity

    @invariant()
    def we_are_neither_our_neighbor_nor_our_contact(self) -> None:
        assert ME not in (*self.classic_overlay.neighbors, *self.classic_overlay.contacts)

    @invariant()
    def something_is_always_due(self) -> None:
        deadline = self.classic_overlay.next_deadline()
        assert deadline is not None
        assert deadline <= self.now + 60.0


# The machines of this file, run.


def test_timers_do_as_a_plain_dict_does() -> None:
    """In whatever order keys are set, moved, cancelled and taken, they fall due as a dict of deadlines says."""
    run_state_machine_as_test(TimersMachine, settings=QUICK_MACHINE)


def test_the_message_list_takes_nothing_twice_within_its_bounds() -> None:
    """Whatever comes and whenever: nothing is kept twice, bounds are kept, and positions only grow."""
    run_state_machine_as_test(MessageListMachine, settings=QUICK_MACHINE)


def test_the_registry_is_a_bounded_set_in_order() -> None:
    """Whoever comes and goes: the list is a set in the order of registration, bounded, and its replies fit."""
    run_state_machine_as_test(RegistryMachine, settings=QUICK_MACHINE)


def test_the_overlay_keeps_its_bounds_whatever_others_do() -> None:
    """In whatever order others answer, refuse, ask and die: bounds are kept, and something is always due."""
    run_state_machine_as_test(OverlayMachine, settings=QUICK_MACHINE)
