"""One-time passwords of an authenticator app (TOTP), and recovery codes for the day when it is lost."""

from __future__ import annotations

import base64
import re
import secrets
import time
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP

from audit.actions import Action
from audit.services import record
from users.models import SecondFactor, User
from users.signin.errors import CodesPaused, CodeWrong, SecondFactorThere

ISSUER = "AI Generation Hub"
SECRET_BYTES = 20
STEP_SECONDS, DIGITS, TOLERANCE = 30, 6, 1
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
_TOTP_FORM = re.compile(r"\d{6}", re.ASCII)
# 16 letters and digits of base32, with or without the dashes that they are shown with.
_RECOVERY_FORM = re.compile(r"[a-z2-7]{16}")


def confirmed_factor(user: User) -> SecondFactor | None:
    """The user's, when it counts: begun and not confirmed it does not."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


def begin(*, user: User, ip: str | None = None) -> SecondFactor:
    """A new secret, audited, that counts once a code of it was seen; one begun before is forgotten.

    Raises SecondFactorThere for a user who has one that counts.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)
        if confirmed_factor(user):
            raise SecondFactorThere(user_id=user.id)
        SecondFactor.objects.filter(user=user).delete()
        secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
        made = SecondFactor.objects.create(user=user, secret=secret)
        _record(Action.SECOND_FACTOR_BEGUN, made, ip)
    return made


def begun_factor(user: User) -> SecondFactor | None:
    """One that waits for its first code."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()


def address_of(factor: SecondFactor) -> str:
    """What the QR code says: `otpauth://totp/...` with the secret."""
    label = quote(f"{ISSUER}:{factor.user.email}")
    facts = {"secret": factor.secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(facts, quote_via=quote)}"


def confirm(*, user: User, code: str, ip: str | None = None) -> list[str]:
    """From now on the second factor counts; gives the recovery codes, which are shown this once.

    Raises CodeWrong, CodesPaused, and SecondFactorThere when it was confirmed before. All audited.
    """
    factor = _take(user, code, ip, is_confirmed=False)
    codes = _made_codes()
    with transaction.atomic():
        waiting = SecondFactor.objects.filter(id=factor.id, confirmed_at__isnull=True)
        if not waiting.update(confirmed_at=timezone.now(), recovery=_hashes(codes)):
            raise SecondFactorThere(user_id=user.id)
        _record(Action.SECOND_FACTOR_CONFIRMED, factor, ip)
    return codes


def verify(*, user: User, code: str, ip: str | None = None) -> None:
    """Takes a code of the app or a recovery code, once, audited. Raises CodeWrong or CodesPaused, audited too."""
    _take(user, code, ip, is_confirmed=True)


def new_recovery_codes(*, user: User, code: str, ip: str | None = None) -> list[str]:
    """Ten new ones in place of those that are left, for a right code, audited. Raises CodeWrong or CodesPaused."""
    factor = _take(user, code, ip, is_confirmed=True)
    codes = _made_codes()
    with transaction.atomic():
        SecondFactor.objects.filter(id=factor.id).update(recovery=_hashes(codes))
        _record(Action.SECOND_FACTOR_CODES_MADE, factor, ip)
    return codes


def remove(*, user: User, actor: User | None, ip: str | None = None) -> bool:
    """Without it from now on, audited; False when there was none. Whoever calls has seen a code, or is an operator."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None:
            return False
        SecondFactor.objects.filter(id=factor.id).delete()
        _record(Action.SECOND_FACTOR_REMOVED, factor, ip, actor_id=actor.id if actor else None)
    return True


def _take(user: User, code: str, ip: str | None, *, is_confirmed: bool) -> SecondFactor:
    # A wrong code is written down (its time, the trail), so the refusal is raised behind the transaction.
    with transaction.atomic():
        found = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=not is_confirmed)
        factor = found.first()
        if factor is None:
            raise CodeWrong(user_id=user.id, reason="none")
        is_allowed, _ = factor.verify_is_allowed()
        kind = _kind_of(factor, code) if is_allowed else ""
        if kind:
            factor.throttle_reset(commit=False)
            _record(Action.SECOND_FACTOR_PASSED, factor, ip, kind=kind, recovery_left=len(factor.recovery))
        elif is_allowed:
            factor.throttle_increment(commit=False)
            _record(Action.SECOND_FACTOR_REFUSED, factor, ip)
        factor.save()
    if not is_allowed:
        raise CodesPaused(user_id=user.id)
    if not kind:
        raise CodeWrong(user_id=user.id)
    return factor


def _kind_of(factor: SecondFactor, code: str) -> str:
    """ "totp" or "recovery", with the code used up; "" for a wrong one."""
    plain = re.sub(r"[\s-]", "", code).lower()
    if _TOTP_FORM.fullmatch(plain):
        return "totp" if _is_of_the_app(factor, int(plain)) else ""
    if _RECOVERY_FORM.fullmatch(plain) and factor.confirmed_at is not None:
        return "recovery" if _is_recovery(factor, plain) else ""
    return ""


def _is_of_the_app(factor: SecondFactor, code: int) -> bool:
    totp = TOTP(base64.b32decode(factor.secret), STEP_SECONDS, digits=DIGITS)
    totp.time = time.time()
    if not totp.verify(code, TOLERANCE, factor.last_step + 1):
        return False
    factor.last_step = totp.t()
    return True


def _is_recovery(factor: SecondFactor, plain: str) -> bool:
    wanted = _hash(plain)
    left = [kept for kept in factor.recovery if not compare_digest(kept, wanted)]
    is_one = len(left) < len(factor.recovery)
    factor.recovery = left
    return is_one


def _made_codes() -> list[str]:
    texts = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(text[at : at + 4] for at in range(0, len(text), 4)) for text in texts]


def _hashes(codes: list[str]) -> list[str]:
    return [_hash(code.replace("-", "")) for code in codes]


def _hash(plain: str) -> str:
    # 80 random bits need no slow hash; the list is sealed besides.
    return sha256(plain.encode()).hexdigest()


def _record(action: Action, factor: SecondFactor, ip: str | None, **data: object) -> None:
    actor_id = data.pop("actor_id", factor.user_id)
    target = ("second_factor", factor.id)
    record(action=action, actor_id=actor_id, target=target, subject_id=factor.user_id, ip=ip, **data)  # type: ignore[arg-type]
