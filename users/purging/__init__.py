"""What is taken away by and by: sessions, exported audit entries, accounts that nobody uses."""
