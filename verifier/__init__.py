"""The auditor's program. Installs nothing of the server."""
