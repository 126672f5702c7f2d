"""The directory for all inputs: order and repetition do not matter, and a plain model of the rules agrees."""

from collections.abc import Iterable
from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rumor.core.clock import WallClock
from rumor.core.directory.claims import life_of, newer
from rumor.core.directory.directory import Directory
from rumor.core.directory.evidence import is_dead
from rumor.core.frames import Claim, Claims, Standing, Statement, Verdict
from rumor.core.hearing import Hearing
from rumor.core.ids import Identity
from rumor.core.members import State
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings, LivenessSettings

from .helpers import EPOCH, ME, peers_at

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = ("ana", "bo", "cy", "di")
WHERE = dict(zip(NAMES, peers_at(0, 1, 2, 3), strict=True))
LINK = 1

names = st.sampled_from(NAMES)
epochs = st.integers(1, 2)
incarnations = st.integers(0, 2)
claims = st.builds(
    lambda name, epoch, incarnation, standing, tags: Claim(name, epoch, incarnation, standing, WHERE[name], tags),
    names,
    epochs,
    incarnations,
    st.sampled_from([Standing.ALIVE, Standing.ALIVE, Standing.ALIVE, Standing.LEFT]),
    st.sampled_from([(), (("role", "db"),)]),
)
statements = st.builds(
    Statement,
    names,
    epochs,
    incarnations,
    st.sampled_from([*NAMES, "ed"]),
    st.sampled_from(Verdict),
    misses=st.integers(0, 1),
    watchers=st.lists(st.sampled_from([*NAMES, "me", "nobody"]), max_size=3, unique=True).map(tuple),
).filter(lambda each: each.name != each.accuser)
words = st.lists(st.one_of(claims, statements), max_size=25)


def directory_of(said: Iterable[Claim | Statement], options: DirectorySettings | None = None) -> Directory:
    """A directory that was told all this, one by one."""
    settings = options or DirectorySettings(statements_max=64, distrust_after=1000)
    directory = Directory(
        Identity(ME, name="me", epoch=1000),
        WallClock(EPOCH),
        settings,
        Outbox(),
        Random(0),
        Hearing(LivenessSettings()),
    )
    directory.begin(0.0)
    for word in said:
        frame = Claims((word,)) if isinstance(word, Claim) else Claims((), (word,))
        directory.on_claims(LINK, frame, 0.0)
    return directory


def states(directory: Directory) -> dict[str, tuple[State, int, int]]:
    """How all members are, with their lives."""
    return {each.name: (each.state, each.epoch, each.incarnation) for each in directory.members()}


def modelled(said: list[Claim | Statement]) -> dict[str, State]:
    """The rules in the plainest form: the newest claims, what is said of them, and deaths until there are no more."""
    standing: dict[str, Claim] = {}
    for word in said:
        if isinstance(word, Claim) and (word.name not in standing or newer(word, standing[word.name])):
            standing[word.name] = word
    found = [word for word in said if isinstance(word, Statement)]
    found.sort(key=lambda each: (each.verdict, each.misses, each.watchers))
    strongest = {
        name: {each.accuser: each for each in found if each.name == name and life_of(each) == life_of(claim)}
        for name, claim in standing.items()
    }
    gone = {name for name, claim in standing.items() if claim.standing is Standing.LEFT}
    while died := {name for name in strongest.keys() - gone if _is_dead(strongest[name].values(), gone)}:
        gone |= died
    left = {name for name, claim in standing.items() if claim.standing is Standing.LEFT}
    return {
        name: State.LEFT if name in left else State.DEAD if name in gone else State.SUSPECT if held else State.ALIVE
        for name, held in strongest.items()
    }


def _is_dead(found: Iterable[Statement], gone: set[str]) -> bool:
    return is_dead(found, is_gone=lambda name: name in gone, is_trusted=lambda accuser: True)


@QUICK
@given(words, st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_repetition_do_not_matter(said: list[Claim | Statement], rng: Random, again: int) -> None:
    """Whoever has heard the same holds the same and judges the same, to the hash."""
    other = [*said, *said[:again]]
    rng.shuffle(other)
    one, two = directory_of(said), directory_of(other)

    assert states(one) == states(two)
    assert one.hash() == two.hash()
    for name in NAMES:
        why, why_too = one.why(name), two.why(name)
        assert (why and why.statements) == (why_too and why_too.statements)
        assert (why and why.reason) == (why_too and why_too.reason)


@QUICK
@given(words)
def test_states_are_those_of_the_plain_rules(said: list[Claim | Statement]) -> None:
    """However deaths hang on each other, and come and go, in the end they are what the statements say."""
    told = {name: state for name, (state, _, _) in states(directory_of(said)).items()}
    assert told.pop("me") is State.ALIVE

    assert told == modelled(said)


def lone(name: str, accuser: str, *watchers: str, misses: int = 0) -> Statement:
    """A lone accuser's evidence."""
    return Statement(name, 1, 0, accuser, Verdict.REFUSED, misses, watchers=watchers)


def alive(name: str, incarnation: int = 0) -> Claim:
    """A claim of a member that lives."""
    return Claim(name, 1, incarnation, Standing.ALIVE, WHERE[name])


def test_two_deaths_do_not_hold_each_other_up() -> None:
    """When what both hung on is taken back, neither is dead, though each would do as the other's reason."""
    said: list[Claim | Statement] = [alive("ana"), alive("bo")]
    said += [lone("bo", "ed", "ana"), lone("ana", "ed"), lone("ana", "ed", "bo", misses=1)]
    assert states(directory_of(said[:4]))["bo"][0] is State.DEAD

    directory = directory_of(said)

    assert [states(directory)[name][0] for name in ("ana", "bo")] == [State.SUSPECT] * 2
    assert states(directory_of(said[::-1])) == states(directory)


def test_a_return_takes_back_what_leaned_on_it() -> None:
    """Down a whole chain; and a second piece of evidence holds without it."""
    said: list[Claim | Statement] = [alive(name) for name in NAMES]
    said_too = [lone("ana", "ed"), lone("bo", "ed", "ana"), lone("cy", "ed", "bo"), lone("di", "ed", "cy")]
    second = Statement("cy", 1, 0, "me", Verdict.SILENT)
    before: list[Claim | Statement] = [*said, *said_too]
    assert {state for name, (state, _, _) in states(directory_of(before)).items() if name != "me"} == {State.DEAD}

    back = states(directory_of([*before, alive("ana", 1)]))
    held = states(directory_of([*before, second, alive("ana", 1)]))

    assert [back[name][0].value for name in NAMES] == ["alive", "suspect", "suspect", "suspect"]
    assert [held[name][0].value for name in NAMES] == ["alive", "suspect", "dead", "dead"]


@QUICK
@given(words, claims)
@example([alive("ana"), lone("ana", "ed")], alive("ana"))
def test_an_older_life_never_revives(said: list[Claim | Statement], late: Claim) -> None:
    """A claim that is not newer than the one that stands changes nothing at all."""
    one, two = directory_of(said), directory_of([*said, late])
    held = one.member(late.name)
    if held is not None and (held.epoch, held.incarnation) > life_of(late):
        assert states(one) == states(two)
        assert one.hash() == two.hash()


@QUICK
@given(words)
def test_only_a_member_raises_its_own_life(said: list[Claim | Statement]) -> None:
    """No statement gives a member an epoch or incarnation that it did not claim."""
    claimed = {(word.name, *life_of(word)) for word in said if isinstance(word, Claim)}

    assert {(name, *life) for name, (_, *life) in states(directory_of(said)).items() if name != "me"} <= claimed


@QUICK
@given(words, st.randoms(use_true_random=False))
def test_bounds_hold(said: list[Claim | Statement], rng: Random) -> None:
    """Members and statements stay within their bounds, and the hash is that of what is held."""
    bounds = DirectorySettings(statements_max=2, members_max=3, distrust_after=1)
    rng.shuffle(said)
    directory = directory_of(said, bounds)
    held = directory.members()

    assert len(held) <= 3
    kept: list[Claim | Statement] = []
    for member in held:
        why = directory.why(member.name)
        assert why is not None
        assert len(why.statements) <= 2
        kept += why.statements
    top = [word for word in said if isinstance(word, Claim)]
    again = [
        max((c for c in top if c.name == member.name), key=lambda c: (c.epoch, c.incarnation, c.standing, c.tags))
        for member in held
        if member.name != "me"
    ]
    assert directory_of([*again, *kept]).hash() == directory.hash()
