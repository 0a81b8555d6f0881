"""Floor 3: from a set of events to a state; pure, the event check comes in as an argument."""
