"""Floor 7: the command line; arguments, calls and printing, no more."""
