"""Tests of the app whose pages reload."""
