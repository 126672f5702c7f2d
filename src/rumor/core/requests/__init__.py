"""Questions to one member or to all, and their answers."""
