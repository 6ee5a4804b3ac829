"""What the bench and the adapter of a product say to each other (pilot/1)."""
