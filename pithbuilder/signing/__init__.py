"""Floor 2: public and private keys, signers; typed documents are signed, never a bare digest."""
