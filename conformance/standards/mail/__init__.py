"""Mails of MSSanté: RFC 5322 and MIME, reports (DSN, MDN), and what the rows ask of what is sent."""
