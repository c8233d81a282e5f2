"""What holds of the whole tree, and what breaks it."""
