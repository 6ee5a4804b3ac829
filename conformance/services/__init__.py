"""Services the bench plays: national services and hospital peers. Faults are wrappers around them."""
