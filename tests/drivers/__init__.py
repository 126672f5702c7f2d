"""What every driver of the core must do: the same stories on the simulated one and on the real one."""
