"""Floor 6: the life of an issuer's keys: opened, rotated, retired, revoked, examined, backed up."""
