"""Handlers written for other platforms, run unchanged."""
