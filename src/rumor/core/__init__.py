"""The core: what nodes do, as a function of state, input and now. No socket, clock, file, thread or global chance.

How an input flows:

    driver                          peer.py (or seed.py)             machines
    receive(link, source, message)  match message:             -->   overlay.on_connect_request(...)
    answered / told / failed        match what was asked:      -->   liveness.on_reply(...)
    tick(now)                       each machine's tick        -->   a request is due, a retry is due
    publish(text, now)                                         -->   flood.publish(...)
                                    what one machine found out, and another must hear, is routed in `_route`
    drain() -> effects, events      next_deadline() -> the machines' soonest      snapshot() -> a frozen view

A driver calls one input, then `drain`s: it does each effect (`effects.py`), reports how it ended by `answered`, `told`
or `failed`, hands the events (`events.py`) to the application, and calls `tick` when `next_deadline` has come. `now` is
seconds on a clock that never goes back, chance one `random.Random`: the same inputs give the same outputs.

Which idea lives where:

    registration.py   a peer's seeds: floor(n/2)+1 of them, renewal, reports of the dead
    overlay.py        a peer's neighbors
    liveness.py       a peer's watch over its neighbors
    flood.py          a peer's rumors, and how they are passed on     message_list.py   what was heard
    registry.py       a seed's list
"""
