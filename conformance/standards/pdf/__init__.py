"""PDF as health documents carry it: facts, PDF/A-1 (ISO 19005-1), file name, visible identity, signatures."""
