"""Discussions: a thread on anything that concerns people, what they write in it, and who agrees."""
