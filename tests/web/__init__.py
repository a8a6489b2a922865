"""Tests of the pages, without a database: every page from example contexts."""
