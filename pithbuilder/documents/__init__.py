"""Floor 1: what the documents are: frozen types that keep unknown fields; no I/O, no signing."""
