"""Petitions: what citizens ask, from the draft to what became of it, and the clock of those who must answer."""
