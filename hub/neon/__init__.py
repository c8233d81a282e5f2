"""What the hub's protocol for PostgreSQL on Neon asks of its commands: backups on record, the migration gate, drift."""
