"""The pilot of the reference PFI: an HTTP server by which the bench asks it to act and reads what it holds."""
