"""The MSSanté operator of the bench: its mailboxes, and how they are reached (SMTP submission, IMAP)."""
