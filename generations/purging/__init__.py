"""What is taken away of generations by and by: names that clients gave to requests, and what was asked and answered."""
