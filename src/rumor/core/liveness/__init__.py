"""Who is still there: probes, broken links, relays, and the doubt of a node in itself (SWIM, Lifeguard)."""
