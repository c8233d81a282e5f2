"""What the hub answers with, as frozen dataclasses.

Ids are texts, money is Decimal US dollars, moments are aware datetimes. What a newer hub adds is ignored; what an older
one does not know yet has a default.
"""
