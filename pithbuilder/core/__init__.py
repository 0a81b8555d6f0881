"""Floor 0: pure functions and value types; no I/O, no keys."""
