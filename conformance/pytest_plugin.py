"""The pytest plugin: profiles given on the command line become one item a scenario."""
