"""The Starlette application: routes, templates, static files, the browser client's source."""
