"""Contents of the volets of the DSRs, built from resolved values: each module makes the `Content` of one family."""
