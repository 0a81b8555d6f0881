"""Floor 6: the pipeline from source through issuer to store."""
