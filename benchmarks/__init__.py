"""Measurements: each module is a command that prints the figures the documents quote."""
