"""The story that `rumor up` shows, from the nodes' events."""

from collections.abc import Iterable
from typing import Any

import pytest

from rumor.cli.scene import RUMOR_PATIENCE, SHOWN_MAX, TOLD_CAPACITY, Line, Scene

ANA, BO, CY, DI, ED, FAY, GUS, HAL = PEERS = [f"127.0.0.1:{port}" for port in range(4001, 4009)]
SEED = "127.0.0.1:3400"


def test_the_first_word_has_a_column_of_its_own() -> None:
    """What a line is about can be looked for at its beginning."""
    assert str(Line("rumor", "text")) == "rumor   text"
    assert str(Line("problem", "text")) == "problem text"


def test_a_node_that_listens_is_told_with_its_process() -> None:
    """Whoever wants to kill a node knows which process to end."""
    assert str(Scene().started("peer", ANA, 123)) == f"peer    {ANA}  listening, process 123"


def test_a_peer_joins_with_its_first_neighbor() -> None:
    """Told once, with the seeds that took it; a renewal is no further seed."""
    scene = Scene()
    told = registered(scene, ANA, seeds=2, renewals=3)
    told += events(scene, neighbor_up(ANA, BO), neighbor_up(ANA, CY))

    assert told == [f"joined  {ANA}  registered with 2 seeds, neighbor of {BO}"]
    assert scene.joined == 1


def test_one_seed_is_a_seed() -> None:
    """Words agree with their number."""
    scene = Scene()
    registered(scene, ANA, seeds=1)

    assert events(scene, neighbor_up(ANA, BO)) == [f"joined  {ANA}  registered with 1 seed, neighbor of {BO}"]


def test_a_rumor_is_told_when_everybody_has_heard_it() -> None:
    """One line a rumor, with its coverage, at the last peer that hears it."""
    scene = joined_by(*PEERS)

    assert events(scene, *(rumor(peer, ANA, 1, "hello") for peer in PEERS[:7])) == []
    assert events(scene, rumor(HAL, ANA, 1, "hello")) == [
        f"rumor   {ANA}  GOSSIP1: hello  coverage 8/8 (100 %)",
    ]


def test_a_rumor_without_a_payload_is_its_number() -> None:
    """The original's messages say nothing but that."""
    scene = joined_by(ANA)

    assert events(scene, rumor(ANA, ANA, 10, "")) == [f"rumor   {ANA}  GOSSIP10  coverage 1/1 (100 %)"]


def test_a_payload_that_is_no_text_is_shown_in_base64() -> None:
    """Whatever a peer may say can be shown."""
    scene = joined_by(ANA)
    binary = {"event": "rumor", "node": ANA, "origin": ANA, "number": 1, "payload_base64": "//4="}

    assert events(scene, binary) == [f"rumor   {ANA}  GOSSIP1: //4=  coverage 1/1 (100 %)"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("two\nlines", r"'two\nlines'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("x" * SHOWN_MAX, "x" * SHOWN_MAX),
        ("x" * (SHOWN_MAX + 1), "x" * SHOWN_MAX + "…"),
    ],
    ids=["lines", "escapes", "as long as may be", "longer"],
)
def test_a_payload_is_shown_on_one_line(payload: str, shown: str) -> None:
    """Whatever is said, by strangers too, does nothing to a terminal."""
    scene = joined_by(ANA)

    assert events(scene, rumor(ANA, ANA, 1, payload)) == [f"rumor   {ANA}  GOSSIP1: {shown}  coverage 1/1 (100 %)"]


def test_a_name_that_is_no_plain_one_is_quoted() -> None:
    """A visitor's name is its own choice."""
    scene = joined_by(ANA)

    assert events(scene, rumor(ANA, "\x1b[31m", 1)) == [r"rumor   '\x1b[31m'  GOSSIP1  coverage 1/1 (100 %)"]


def test_what_is_lost_is_told() -> None:
    """Nothing is lost in silence."""
    lost = {"event": "lost", "node": ANA, "origin": BO, "epoch": 1, "first": 2, "last": 5, "reason": "unobtainable"}

    assert events(Scene(), lost) == [f"lost    {ANA}  will not hear GOSSIP 2 to 5 of {BO}"]


def test_rumors_do_not_mix() -> None:
    """The same number of another origin, and another number of the same, are other rumors."""
    scene = joined_by(ANA, BO)

    told = events(scene, rumor(ANA, ANA, 1), rumor(BO, BO, 1), rumor(BO, ANA, 2), rumor(ANA, BO, 1), rumor(BO, ANA, 1))

    assert told == [
        f"rumor   {BO}  GOSSIP1  coverage 2/2 (100 %)",
        f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)",
    ]


def test_hearing_twice_counts_once() -> None:
    """A copy of a rumor covers nobody new."""
    scene = joined_by(ANA, BO, CY)

    assert events(scene, rumor(ANA, ANA, 1), rumor(BO, ANA, 1), rumor(BO, ANA, 1)) == []


def test_a_newcomer_is_not_waited_for() -> None:
    """A rumor is for those who were there when it was said."""
    scene = joined_by(ANA, BO)
    events(scene, rumor(ANA, ANA, 1), neighbor_up(CY, ANA), rumor(CY, ANA, 1))

    assert events(scene, rumor(BO, ANA, 1)) == [f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)"]


def test_a_late_rumor_is_told_with_the_coverage_that_it_has() -> None:
    """After its patience the story goes on, and says how far the rumor came."""
    scene = joined_by(*PEERS)
    events(scene, *(rumor(peer, ANA, 1, "hello") for peer in PEERS[:6]), now=10.0)

    assert lines(scene.tick(10.0 + RUMOR_PATIENCE - 0.01)) == []
    assert lines(scene.tick(10.0 + RUMOR_PATIENCE)) == [f"rumor   {ANA}  GOSSIP1: hello  coverage 6/8 (75 %)"]
    assert lines(scene.tick(10.0 + 2 * RUMOR_PATIENCE)) == []


def test_a_straggler_does_not_tell_a_rumor_again() -> None:
    """Who hears a rumor after it was told changes nothing any more."""
    scene = joined_by(ANA, BO, CY)
    events(scene, rumor(ANA, ANA, 1), rumor(BO, ANA, 1), now=10.0)
    lines(scene.tick(10.0 + RUMOR_PATIENCE))

    assert events(scene, rumor(CY, ANA, 1), rumor(CY, ANA, 1), now=14.0) == []
    assert lines(scene.tick(100.0)) == []


def test_100_percent_is_everybody() -> None:
    """A rumor that missed one of 300 is not rounded up to all of them."""
    peers = [f"10.0.{number // 100}.{number % 100}:4000" for number in range(300)]
    scene = joined_by(*peers)
    events(scene, *(rumor(peer, peers[0], 1) for peer in peers[1:]), now=10.0)

    assert lines(scene.tick(10.0 + RUMOR_PATIENCE)) == [f"rumor   {peers[0]}  GOSSIP1  coverage 299/300 (99 %)"]


def test_the_memory_of_what_was_told_is_bounded() -> None:
    """A network that talks for days is followed all the same; the oldest rumor is forgotten first."""
    scene = joined_by(ANA)
    for number in range(TOLD_CAPACITY + 1):
        events(scene, rumor(ANA, BO, number))

    assert events(scene, rumor(ANA, BO, 1)) == []
    assert events(scene, rumor(ANA, BO, 0)) == [f"rumor   {BO}  GOSSIP0  coverage 1/1 (100 %)"]


def test_an_end_is_told_with_its_cause() -> None:
    """A process that is gone is a line of its own, and its peer is not there any more."""
    scene = joined_by(ANA, BO)

    assert lines(scene.ended("peer", BO, "process 7 was ended by SIGKILL", 10.0)) == [
        f"ended   peer {BO}  process 7 was ended by SIGKILL"
    ]
    assert scene.joined == 1


def test_a_death_is_told_once() -> None:
    """The first to notice is named, and how long it took; the others add nothing."""
    scene = joined_by(ANA, BO, CY)
    lines(scene.ended("peer", CY, "process 7 was ended by SIGKILL", 10.0))

    told = events(scene, dead(ANA, CY, [SEED, "127.0.0.1:3401"]), dead(BO, CY, [SEED]), now=12.34)

    assert told == [f"died    {CY}  noticed by {ANA} 2.3 s after its end, reported to 2 seeds"]


def test_a_death_without_an_end_is_told_without_its_delay() -> None:
    """A peer that is only stopped dies for the others while its process goes on."""
    scene = joined_by(ANA, BO)

    assert events(scene, dead(ANA, BO, [SEED])) == [f"died    {BO}  noticed by {ANA}, reported to 1 seed"]
    assert scene.joined == 1


def test_a_peer_that_ends_while_a_rumor_is_under_way_is_not_waited_for() -> None:
    """The rumor is told at once when the last that had not heard it is gone."""
    scene = joined_by(ANA, BO, CY)
    events(scene, rumor(ANA, ANA, 1), rumor(BO, ANA, 1))

    assert lines(scene.ended("peer", CY, "process 7 was ended by SIGKILL", 10.0)) == [
        f"ended   peer {CY}  process 7 was ended by SIGKILL",
        f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)",
    ]
    assert lines(scene.tick(100.0)) == []


def test_a_peer_that_dies_while_a_rumor_is_under_way_is_not_waited_for() -> None:
    """A peer that is only stopped holds up no line either."""
    scene = joined_by(ANA, BO, CY)
    events(scene, rumor(ANA, ANA, 1), rumor(BO, ANA, 1))

    assert events(scene, dead(ANA, CY, [SEED])) == [
        f"died    {CY}  noticed by {ANA}, reported to 1 seed",
        f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)",
    ]


def test_the_dead_are_not_counted_although_they_had_heard() -> None:
    """Coverage counts those who are there."""
    scene = joined_by(ANA, BO, CY)
    events(scene, rumor(ANA, ANA, 1), rumor(CY, ANA, 1), dead(ANA, CY, [SEED]))

    assert events(scene, rumor(BO, ANA, 1)) == [f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)"]


def test_a_peer_that_comes_back_is_told() -> None:
    """Who was only stopped is there again once somebody has it as a neighbor, and is waited for as before."""
    scene = joined_by(ANA, BO)
    events(scene, dead(ANA, BO, [SEED]))

    assert events(scene, neighbor_up(ANA, BO)) == [f"back    {BO}  is alive after all: neighbor of {ANA}"]
    assert scene.joined == 2
    assert events(scene, rumor(ANA, ANA, 1)) == []
    assert events(scene, rumor(BO, ANA, 1)) == [f"rumor   {ANA}  GOSSIP1  coverage 2/2 (100 %)"]


def test_a_peer_that_came_back_may_die_again() -> None:
    """Each death is told once, not each peer's."""
    scene = joined_by(ANA, BO)
    events(scene, dead(ANA, BO, [SEED]), neighbor_up(ANA, BO))

    assert events(scene, dead(ANA, BO, [SEED])) == [f"died    {BO}  noticed by {ANA}, reported to 1 seed"]


def test_nobody_comes_back_from_an_ended_process() -> None:
    """A neighbor that has not noticed yet does not make an ended peer alive."""
    scene = joined_by(ANA, BO)
    lines(scene.ended("peer", BO, "process 7 was ended by SIGKILL", 10.0))
    events(scene, dead(ANA, BO, [SEED]), now=11.0)

    assert events(scene, neighbor_up(ANA, BO), neighbor_up(BO, ANA), now=12.0) == []
    assert scene.joined == 1


def test_what_a_dead_peer_tells_does_not_make_it_join_again() -> None:
    """Only a living neighbor can say that a peer is back."""
    scene = joined_by(ANA, BO)
    events(scene, dead(ANA, BO, [SEED]))

    assert events(scene, neighbor_up(BO, ANA)) == []
    assert scene.joined == 1


def test_a_seed_that_strikes_a_peer_off_is_told() -> None:
    """A report alone is no line: the seed sees for itself."""
    scene = Scene()

    assert events(scene, dead_report(SEED, BO, listed=True), dead_report(SEED, BO, listed=False)) == []
    assert events(scene, {"event": "struck_off", "node": SEED, "peer": BO, "name": BO}) == [
        f"seed    {SEED}  struck {BO} off its list"
    ]


def test_who_is_there_from_the_first_is_no_news() -> None:
    """Each peer learns of all others; that they joined is told already."""
    scene = joined_by(ANA, BO, CY)

    assert events(scene, *(member(node, other, "alive") for node in (ANA, BO, CY) for other in (ANA, BO, CY))) == []


def test_a_state_is_told_when_it_is_known_first_and_when_all_know() -> None:
    """By whom first; and once, when nobody is left who does not know."""
    scene = joined_by(ANA, BO, CY, DI)
    events(scene, *(member(node, DI, "alive") for node in (ANA, BO, CY)))

    assert events(scene, member(ANA, DI, "suspect")) == [f"state   {DI}  suspect, says {ANA}"]
    assert events(scene, member(BO, DI, "suspect"), member(BO, DI, "dead")) == [f"state   {DI}  dead, says {BO}"]
    assert events(scene, member(CY, DI, "suspect"), member(CY, DI, "dead")) == []
    assert events(scene, member(ANA, DI, "dead"), member(ANA, DI, "dead")) == [
        f"state   {DI}  dead, as all 3 others know"
    ]


def test_a_state_after_an_end_is_told_with_its_delay() -> None:
    """How long the network took to see what happened."""
    scene = joined_by(ANA, BO, CY)
    lines(scene.ended("peer", CY, "process 7 was ended by SIGKILL", 10.0))

    assert events(scene, member(ANA, CY, "dead"), now=10.12) == [f"state   {CY}  dead, says {ANA} 120 ms after its end"]
    assert events(scene, member(BO, CY, "dead"), now=11.26) == [
        f"state   {CY}  dead, as all 2 others know 1.3 s after its end"
    ]


def test_a_doubt_that_is_refuted_is_told() -> None:
    """It lives after all: a higher incarnation ends the doubt, and an older doubt is no news."""
    scene = joined_by(ANA, BO, CY)
    events(scene, member(ANA, CY, "suspect"))

    assert events(scene, member(ANA, CY, "alive", incarnation=1)) == [f"state   {CY}  alive, says {ANA}"]
    assert events(scene, member(BO, CY, "suspect"), member(BO, CY, "alive", incarnation=1)) == []


def test_what_a_peer_says_of_itself_is_no_news() -> None:
    """Only what others know of it is."""
    scene = joined_by(ANA, BO)

    assert events(scene, member(BO, BO, "left")) == []


def test_the_memory_of_members_is_bounded() -> None:
    """Visitors come and go for days; whoever was seen first is forgotten first."""
    scene = Scene()
    for number in range(TOLD_CAPACITY + 1):
        events(scene, member(ANA, f"visitor-{number}", "left"))

    assert events(scene, member(ANA, "visitor-1", "left")) == []
    assert events(scene, member(ANA, "visitor-0", "left")) != []


@pytest.mark.parametrize(
    ("source", "detail", "told"),
    [
        ("", "", f"problem {ANA}  no answer"),
        ("10.1.2.3", "", f"problem {ANA}  no answer (10.1.2.3)"),
        ("", "after 5 s", f"problem {ANA}  no answer: after 5 s"),
        ("10.1.2.3", "after 5 s", f"problem {ANA}  no answer (10.1.2.3): after 5 s"),
        ("", "\x1b[2J", rf"problem {ANA}  no answer: \x1b[2J"),
    ],
)
def test_a_problem_is_told_with_what_is_known(source: str, detail: str, told: str) -> None:
    """Which node, what, whose, and what more there is to say."""
    error = {"event": "error", "node": ANA, "message": "no answer", "source": source, "detail": detail}

    assert events(Scene(), error) == [told]


@pytest.mark.parametrize(
    "name", ["peer_list", "registration", "neighbor_down", "strike", "stopped", "of a later version"]
)
def test_what_is_no_part_of_the_story_is_passed_over(name: str) -> None:
    """Events that people need not see leave no line."""
    assert events(Scene(), {"event": name, "node": ANA}) == []


def lines(told: Iterable[Line]) -> list[str]:
    """The lines as they are printed."""
    return [str(line) for line in told]


def events(scene: Scene, *happened: dict[str, Any], now: float = 0.0) -> list[str]:
    """What the scene tells of these events."""
    return [line for event in happened for line in lines(scene.event(event, now))]


def joined_by(*peers: str) -> Scene:
    """A scene with these peers, each a neighbor of the first, that one of the last."""
    scene = Scene()
    for index, peer in enumerate(peers):
        events(scene, neighbor_up(peer, peers[0] if index else peers[-1]))
    assert scene.joined == len(peers)
    return scene


def registered(scene: Scene, node: str, *, seeds: int, renewals: int = 0) -> list[str]:
    """Let a peer register with so many seeds, and then again so often."""
    told = []
    for index in range(seeds + renewals):
        event = {"event": "registered", "node": node, "seed": SEED, "renewed": index >= seeds}
        told += events(scene, event)
    return told


def neighbor_up(node: str, neighbor: str) -> dict[str, Any]:
    """A node tells that it has a neighbor."""
    return {"event": "neighbor_up", "node": node, "neighbor": neighbor, "reason": "asked"}


def rumor(node: str, origin: str, number: int, payload: str = "") -> dict[str, Any]:
    """A node tells that it heard a rumor."""
    return {"event": "rumor", "node": node, "origin": origin, "number": number, "payload": payload}


def dead(node: str, peer: str, reported_to: list[str]) -> dict[str, Any]:
    """A node tells that it reported a dead peer."""
    return {"event": "dead", "node": node, "peer": peer, "reported_to": reported_to}


def dead_report(node: str, peer: str, *, listed: bool) -> dict[str, Any]:
    """A seed tells that it got a report."""
    return {"event": "dead_report", "node": node, "peer": peer, "reporter": "127.0.0.1", "listed": listed}


def member(node: str, name: str, state: str, incarnation: int = 0) -> dict[str, Any]:
    """A node tells of a member."""
    fields = {"name": name, "address": name, "state": state, "epoch": 5, "incarnation": incarnation, "tags": {}}
    return {"event": "member", "node": node, **fields, "since": 1.0, "before": None}
