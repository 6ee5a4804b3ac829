"""The reference RI: an identity repository in its own process. PAM in and out, INSi client, statuses, traces."""
