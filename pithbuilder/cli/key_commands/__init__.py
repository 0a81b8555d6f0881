"""The commands of ``pithbuilder keys``."""
