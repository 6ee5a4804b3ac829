"""XML as every standard here needs it: read safely from anyone, written plainly."""
