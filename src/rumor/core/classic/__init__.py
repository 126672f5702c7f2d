"""How original nodes are spoken to: by texts, a connection each. One machine a file, as in the core around it."""
