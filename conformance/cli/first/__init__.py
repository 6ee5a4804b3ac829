"""Commands of the first hour: what a vendor who has never seen the bench needs before and around a first run."""
