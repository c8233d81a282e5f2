"""Model fields for what must not be readable in the database, fields to find it by, and the one form of an email."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, NoReturn

import idna
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django_cryptography.fields import EncryptedMixin

from hub.common.keyring import DIGEST_BYTES, KeyringError, seal, unseal

# Every sealed text is filled up to a multiple of this, so that its length tells little of an address or an IP.
PAD_BYTES = 32
LONGEST_EMAIL = 254
LONGEST_LOCAL_PART = 64
_NOT_IN_LOCAL_PART = frozenset('"(),:;<>[\\]@')


class PlaintextRefused(KeyringError):
    """A sealed value was about to leave in clear through a serializer such as dumpdata."""


class SealedMixin(EncryptedMixin):
    """A django_cryptography field with a key ring and JSON instead of pickle; what does not open raises KeyringError.

    A value is sealed for its table and column and opens nowhere else: to rename either is to rewrite what is stored.
    NULL stays NULL. Only `isnull` can be asked of the column: find rows by a BlindIndexField beside it.
    """

    # EncryptedMixin asks these two: our classes are what they are, not wrappers that its `encrypt()` made.
    wasinstance = True
    encoder: type[json.JSONEncoder] | None = None
    decoder: type[json.JSONDecoder] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Past EncryptedMixin's own __init__: it makes a cipher out of SECRET_KEY and takes keys as arguments.
        super(EncryptedMixin, self).__init__(*args, **kwargs)

    @property
    def purpose(self) -> str:
        """`table.column`, what the keys are derived for; raises FieldError for a field that belongs to no model."""
        if getattr(self, "model", None) is None:
            raise FieldError(f"{type(self).__name__} must be on a model: its table and column are part of the seal.")
        return f"{self.model._meta.db_table}.{self.column}"

    def _dump(self, value: Any) -> bytes:
        """JSON, sealed; TypeError or ValueError for what JSON cannot hold exactly (a datetime, a Decimal, NaN)."""
        text = json.dumps(value, cls=self.encoder, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        plain = text.encode("utf-8", "surrogatepass")
        # JSON ends where it ends: the spaces behind it mean nothing to the reader.
        return seal(plain + b" " * (-len(plain) % PAD_BYTES), purpose=self.purpose)

    def _load(self, value: bytes) -> Any:
        return json.loads(unseal(value, purpose=self.purpose).decode("utf-8", "surrogatepass"), cls=self.decoder)

    def get_lookup(self, lookup_name: str) -> Any:
        """`isnull`; raises FieldError for every other lookup."""
        if lookup_name not in self.supported_lookups:
            self._refuse_lookup(lookup_name)
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> NoReturn:
        """Nothing can be computed from a sealed value; raises FieldError."""
        self._refuse_lookup(lookup_name)

    def _refuse_lookup(self, lookup_name: str) -> NoReturn:
        raise FieldError(
            f"{self.name} is encrypted: it can be asked whether it is NULL (isnull), not {lookup_name!r}. "
            "Look the row up by its blind index."
        )

    def value_to_string(self, obj: models.Model) -> NoReturn:
        """What dumpdata would write; raises PlaintextRefused."""
        raise PlaintextRefused(f"{self.purpose} is encrypted and never written out in clear: back up with pg_dump.")

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Refuses an index or uniqueness over sealed bytes: two seals of one value differ, so neither is of use."""
        found: list[checks.CheckMessage] = super().check(**kwargs)
        if self.unique or getattr(self, "db_index", False):
            problem = "An encrypted field can be neither unique nor indexed."
            hint = "Put unique=True on a BlindIndexField beside it."
            found.append(checks.Error(problem, hint, self, "hub.fields.E001"))
        return found


class EncryptedTextField(SealedMixin, models.TextField):  # type: ignore[type-arg]
    """A text of any length, sealed."""


class EncryptedEmailField(SealedMixin, models.EmailField):  # type: ignore[type-arg]
    """An email address, sealed."""


class EncryptedJSONField(SealedMixin, models.JSONField):
    """A JSON value, sealed as a whole. A top-level None is NULL."""


class BlindIndexField(models.BinaryField):  # type: ignore[type-arg]
    """The keyed hash of a sealed value (keyring.blind_index): 32 bytes, looked up by `exact`, `in` and `isnull`."""

    supported_lookups = ("exact", "in", "isnull")

    def deconstruct(self) -> Any:
        """Without the length, which is always the same."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, kwargs

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_length": DIGEST_BYTES})

    def get_lookup(self, lookup_name: str) -> Any:
        """Raises FieldError for a lookup that means nothing over a hash."""
        if lookup_name not in self.supported_lookups:
            raise FieldError(f"{self.name} is a blind index: it knows exact, in and isnull, not {lookup_name!r}.")
        return super().get_lookup(lookup_name)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Raises ValueError for anything but a hash: the value itself must never get here."""
        if value is not None and not (isinstance(value, bytes) and len(value) == DIGEST_BYTES):
            raise ValueError(f"{self.name} takes the {DIGEST_BYTES} bytes that blind_index() gives.")
        return super().get_db_prep_value(value, connection, prepared)


def normalise_email(value: str) -> str:
    """The one form to compare addresses in: trimmed, NFKC, local part casefolded, domain in IDNA and lower case.

    Dots and "+tags" stay: they are different mailboxes at some providers. Raises ValueError without the address.
    """
    if len(value) > LONGEST_EMAIL:
        raise ValueError(f"The email address is longer than {LONGEST_EMAIL} characters.")
    local, _, domain = unicodedata.normalize("NFKC", value.strip()).rpartition("@")
    local = unicodedata.normalize("NFKC", local.casefold())
    if not _is_local_part(local):
        raise ValueError("The email address is malformed before the @.")
    return f"{local}@{_normal_domain(domain)}"


def _is_local_part(local: str) -> bool:
    has_good_dots = all(local.split("."))
    # An isolated surrogate is not printable, so that encoding cannot fail behind this.
    is_readable = local.isprintable() and not any(c.isspace() or c in _NOT_IN_LOCAL_PART for c in local)
    return has_good_dots and is_readable and len(local.encode()) <= LONGEST_LOCAL_PART


def _normal_domain(domain: str) -> str:
    try:
        normal = idna.encode(domain, uts46=True).decode("ascii").lower()
    except UnicodeError:
        normal = ""
    if not normal or normal.endswith("."):
        raise ValueError("The email address is malformed behind the @.")
    return normal
