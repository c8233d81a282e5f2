"""Migrations of an app that is in no installation: the tests lend them to the app `hub`, which has none."""
