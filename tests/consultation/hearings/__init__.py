"""Tests of `consultation.hearings`."""
