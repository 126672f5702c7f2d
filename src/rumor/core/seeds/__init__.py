"""A seed's list, and how a peer gets on it."""
