"""The embedded default: PostgreSQL and Valkey out of wheels, and the whole hub in one foreground command."""
