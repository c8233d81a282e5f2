"""The rights over one's own data: an export of it, its erasure, and what stands against that."""
