"""People, sign-in, roles and sessions. Opens with its first verb."""
