"""The public API: its operations, what travels, and the OpenAPI document made of both."""
