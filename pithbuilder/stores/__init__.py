"""Floor 5: disk; nothing else reads or writes it."""
