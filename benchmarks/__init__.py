"""Measurements of speed and memory: commands to run by hand, never tests."""
