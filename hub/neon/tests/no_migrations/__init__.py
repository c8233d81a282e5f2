"""The migrations of an app whose files are gone."""
