"""The browser client seen from Python: what it makes is checked by the other implementation."""
