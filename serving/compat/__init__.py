"""Interfaces of other servers, so that their clients only need another address."""
