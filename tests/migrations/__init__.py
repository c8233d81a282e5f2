"""What migrations are held to before they are run anywhere."""
