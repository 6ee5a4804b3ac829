"""Runs a profile under pytest: one item a scenario, on the same engine as the command line."""
