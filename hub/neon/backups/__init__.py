"""Backups of the database: pg_dump under AES-GCM, or a snapshot of Neon's; and back again."""
