"""People, sign-in, roles and sessions."""
