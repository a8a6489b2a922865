"""Sign-in with OpenID Connect: against a certified provider, and against one that lies."""
