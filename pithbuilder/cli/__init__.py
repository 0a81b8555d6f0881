"""Floor 8: the command line; arguments, calls and printing, no more."""
