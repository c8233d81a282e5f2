"""Django's PostgreSQL backend, with patience for a server that is only just waking up."""
