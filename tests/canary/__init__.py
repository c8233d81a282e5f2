"""Unique values are driven through every flow of a real hub, and looked for wherever something is kept or said.

values.py makes them, flows/ sends them, places.py gathers where they could be, search.py looks for every spelling,
allowed.py is the list of places where one may stand in clear, each with its reason.
"""
