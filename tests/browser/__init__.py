"""Walks of people through the real site in a real Chromium."""
