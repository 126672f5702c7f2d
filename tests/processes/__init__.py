"""Real processes on loopback: our program and the original's stand-in, alone and mixed."""
