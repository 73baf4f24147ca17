"""Rasid's core: from an article's text to calibrated topics, without torch and without HTTP."""

__version__ = "0.1.0"
