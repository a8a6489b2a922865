"""Signatures under petitions: confirmed once for each person, committed on a log, withdrawn, removed, counted."""
