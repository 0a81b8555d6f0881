"""The commands of ``pithbuilder event``."""
