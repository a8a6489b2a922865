"""Sign-in with OpenID Connect: national identities and any other provider that issues ID tokens.

Pure at the core (`configuration`, `metadata`, `authorization`, `id_token`, `outcome`), at the edge `http`, `providers`
(what was fetched from a provider, kept for a while) and `attempts` (rows of sign-ins that are under way);
`flow` ties them together.
"""
