"""Bundles and reports for auditors."""
