"""Floor 6: other people's formats for keys and credentials."""
