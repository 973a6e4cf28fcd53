"""Tests of the compiled functions."""
