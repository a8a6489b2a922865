"""Moderation in the open: reports, decisions by published rules, a public log of them, and appeals to somebody else."""
