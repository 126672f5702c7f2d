"""Who is in the network, as far as we heard, and how each of them is."""
