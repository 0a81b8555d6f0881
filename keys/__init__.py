"""Published public keys that are pinned by default: one key document (JSON) each."""
