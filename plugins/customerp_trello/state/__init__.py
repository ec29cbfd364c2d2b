"""What the software knows between runs: links, bases, intents, conflicts, leases; one database for all pairs.

:class:`~customerp_trello.state.store.Store` opens transactions; every other function works in one that it is given, so
that what belongs together is committed together.
"""
