"""What the named queries send to the database, which plan it makes of that, and which indexes they need."""
