"""The gate of `manage.py migrate`: what a plan would destroy or lock, and whether it may go ahead."""
