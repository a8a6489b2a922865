"""The trustee's program: key files, verify, then open. Installs nothing of the server."""
