"""The web of links: who holds a link with whom, from Hello to Goodbye (HyParView)."""
