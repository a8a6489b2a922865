"""Aggregation, openings combined, results."""
