"""Why a sign-in was refused: what the page says, and the word on the audit trail. No API answers with these."""

from __future__ import annotations

from inspect import cleandoc
from uuid import UUID


class SigninRefused(Exception):
    """Somebody was not let in, or something about their sign-in was not done; nothing was changed.

    The class's docstring is what the person reads; `code` is what the audit trail keeps, with `reason` (a word of ours,
    never the provider's) and the user, where one is known.
    """

    code = "refused"
    status = 403
    title = "You cannot sign in"
    # The same page can be tried again as it is.
    may_repeat = False

    def __init__(self, *, user_id: UUID | None = None, reason: str = "") -> None:
        self.user_id, self.reason = user_id, reason
        self.detail = cleandoc(type(self).__doc__ or self.title)
        super().__init__(self.code)


class FlowLost(SigninRefused):
    """This sign-in was not begun in this browser, was finished already, or took too long. Please begin again."""

    code = "flow_lost"
    status = 400
    title = "Please begin again"


class ProviderSaidNo(SigninRefused):
    """The provider did not confirm who you are: the request was declined there."""

    code = "provider_declined"
    title = "The sign-in was declined"


class ProviderAway(SigninRefused):
    """The provider does not answer as it should at the moment. Nothing is wrong on your side: try again in a minute."""

    code = "provider_away"
    status = 503
    title = "The provider cannot be reached"


class AnswerNotTrusted(SigninRefused):
    """What came back from the provider does not prove who you are. Please begin again."""

    code = "answer_not_trusted"
    status = 400
    title = "The answer cannot be trusted"


class EmailUnverified(SigninRefused):
    """The provider has not verified your email address, and only a verified one counts. Verify it there first."""

    code = "email_unverified"
    title = "Your email address is not verified"


class DomainNotAllowed(SigninRefused):
    """Addresses of your domain may not sign in here. Use your account at work, or ask whoever runs the hub."""

    code = "domain_not_allowed"
    title = "Your domain may not sign in"


class AccountUnknown(SigninRefused):
    """There is no account for your address that this sign-in may open. Ask whoever runs the hub for one."""

    code = "account_unknown"
    title = "There is no account for you"


class AccountClosed(SigninRefused):
    """Your account is suspended. Ask whoever runs the hub."""

    code = "account_suspended"
    title = "Your account is suspended"


class LinkedToAnother(SigninRefused):
    """That identity opens another account already. Sign in with it there and unlink it first."""

    code = "linked_to_another"
    status = 409
    title = "The identity belongs to another account"


class LinkInTheWay(SigninRefused):
    """Your account is linked to another identity of this provider. Unlink that one first; if it is not yours, ask
    whoever runs the hub."""

    code = "link_in_the_way"
    status = 409
    title = "Your account has such a link already"


class PasswordNotTaken(SigninRefused):
    """Staff sign in through the company's provider here; passwords are not taken."""

    code = "password_not_taken"
    title = "Passwords are not taken"


class MailNotSet(SigninRefused):
    """This hub sends no mail, so it cannot send you a link. Ask whoever runs it for a new password."""

    code = "mail_not_set"
    status = 503
    title = "No link can be sent"


class ResetLinkWrong(SigninRefused):
    """This link was used already, is too old, or is not whole. Ask for a new one on the sign-in page."""

    code = "reset_link_wrong"
    status = 400
    title = "The link does not work"


class CredentialsWrong(SigninRefused):
    """The address or the password is not right."""

    code = "credentials_wrong"


class CodeWrong(SigninRefused):
    """That code is not right, or was used before. Wait for the next one of your app, or use a recovery code."""

    code = "code_wrong"
    title = "The code is not right"
    may_repeat = True


class CodesPaused(SigninRefused):
    """Too many wrong codes: wait a little before the next one. The wait doubles with each."""

    code = "codes_paused"
    status = 429
    title = "Too many wrong codes"
    may_repeat = True


class SecondFactorThere(SigninRefused):
    """Your account has a second factor already. Remove it before you set up another one."""

    code = "second_factor_there"
    status = 409
    title = "There is a second factor already"


class SecondFactorNeeded(SigninRefused):
    """Every member of the staff must have a second factor here, so yours cannot be removed."""

    code = "second_factor_needed"
    title = "The second factor must stay"


class LinkGone(SigninRefused):
    """There is no such link, or it is not yours."""

    code = "link_gone"
    status = 404
    title = "No such link"
