"""Rules that hold where a templateId or an element stands: tables in a notation of their own (`notation.py`)."""
