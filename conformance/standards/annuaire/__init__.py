"""What is asked of the directories of the bench: professionals, accounts, mail domains."""
