"""Issuing and signing toolkit for Pith Numbers."""
