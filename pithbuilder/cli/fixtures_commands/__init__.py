"""The commands of ``pithbuilder fixtures``."""
