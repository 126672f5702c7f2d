"""How rumors spread: streams, the message list, trees, acknowledgements, repair (Plumtree on streams)."""
