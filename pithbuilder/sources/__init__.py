"""Floor 5: metadata sources; each yields paper metadata, or an error with its place."""
