"""Every flow, in files by who goes through it: each sends new values, and asserts that they were taken."""
