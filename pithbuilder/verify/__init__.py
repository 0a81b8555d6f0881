"""Floor 4: bytes in, a report of every check out; no I/O."""
