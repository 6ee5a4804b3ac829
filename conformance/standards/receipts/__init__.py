"""Receipts of mails: delivery (DSN) and reading (MDN)."""
