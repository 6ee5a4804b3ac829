"""How a vendor's own stylesheet shows a CDA: run in a sandbox, then compared with what the document says."""
