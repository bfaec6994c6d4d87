"""Every error of the house: transient ones are retried, permanent ones never.

A leaf names one cause. Its docstring is the default message, so that the documentation and
what people read at run time cannot part. `code` is stored with the run and shown by the API.
One file of over 300 lines: it is a table, and who raises an error looks for it in one place.
"""

import re


def code_of(kind: type[BaseException]) -> str:
    """Returns an error class's name in snake case, e.g. 'invalid_credentials'."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


class FiscalError(Exception):
    """Something went wrong."""

    status = 500  # the HTTP status when the error reaches the API

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip()
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The class name in snake case, e.g. `invalid_credentials`."""
        return code_of(type(self))


class TransientError(FiscalError):
    """The same attempt may succeed later."""

    status = 503
    retry_after: int | None = None  # seconds to wait at least; None leaves it to the backoff
    is_try = True  # whether it uses up one of a task's tries; not where the work was not begun


class PermanentError(FiscalError):
    """The same attempt will fail again until somebody changes something."""

    status = 422


# --- the portal -------------------------------------------------------------------------------


class SiiUnavailable(TransientError):
    """The SII portal does not answer or is under maintenance."""

    asked_wait: int | None = None  # seconds, where SII asks everybody for them

    def __init__(self, message: str | None = None, *, seen: str | None = None) -> None:
        super().__init__(message)
        self.seen = seen  # what of it, in a word for the figures; None where that is not known


class SessionExpired(TransientError):
    """The SII session ended before the work was done."""


class TooManySessions(TransientError):
    """SII refuses a login because this RUT has too many open sessions."""

    retry_after = 3600  # SII: close a session or wait one hour (message 27)


class RateLimited(TransientError):
    """The other side asks for fewer requests."""


class SiiStandstill(TransientError):
    """SII asked to wait; nobody sends it anything before that is over."""

    is_try = False  # `retry_after` of each is what is left of the wait


class BrowsersBusy(TransientError):
    """As many browsers are at SII as may be at once."""

    retry_after = 300  # a login takes a minute, a list of F29 up to twenty
    is_try = False


class IncompleteAnswer(TransientError):
    """SII answered with fewer documents than its own summary counts."""


class ExportNotReady(TransientError):
    """SII has not finished the file of a large register yet."""

    is_try = False  # `retry_after`: as long as it has taken so far, within bounds


class ExportOverdue(TransientError):
    """SII has not finished the file of a large register for two hours."""


class PdfUnusable(TransientError):
    """SII sent something other than the PDF of this form."""


class UnexpectedAnswer(PermanentError):
    """The portal's answer is not what the contract says."""


class RecaptchaRequired(PermanentError):
    """SII asks for a reCAPTCHA, a person's to solve; SII_RECAPTCHA_TOKEN may be outdated."""


class InvalidCredentials(PermanentError):
    """SII refused the clave; nothing is tried again until the user changes it."""


class CredentialsBlocked(PermanentError):
    """SII has blocked this clave for some time because of repeated errors."""


class CredentialsMissing(PermanentError):
    """The company has no SII credential."""


class BrowserFailed(TransientError):
    """Chromium did not start or broke down; nothing is known about SII."""


class LoginBusy(TransientError):
    """Another run is logged in to SII with the same RUT."""

    # SII keeps one selected company per session, so the runs of one RUT take turns. Three retries
    # of ten minutes outlast the longest run that may hold the turn.
    retry_after = 600


class PeriodsIncomplete(TransientError):
    """Some periods came incomplete from SII; the others are stored."""


class OutOfTime(TransientError):
    """The run's time is over; what it stored stays, and its next attempt reads the rest."""


class PeriodsUnreadable(PermanentError):
    """Some periods came from SII in a form that is not known; the others are stored."""


# --- channels ---------------------------------------------------------------------------------


class ChannelUnavailable(TransientError):
    """The message channel does not answer; nothing was sent."""


class DeliveryUnknown(TransientError):
    """The channel did not answer after the message was handed over; it may have been sent."""


class DeliveryRefused(PermanentError):
    """The message channel refused this message for good."""


class TemplateInvalid(PermanentError):
    """The notification's template cannot be rendered with the notification's context."""


# --- memories ---------------------------------------------------------------------------------


class MemoryStoreUnavailable(TransientError):
    """Mem0 does not answer."""


class MemoriesUnfinished(TransientError):
    """Some memories are not in Mem0 yet; the others are."""


class MemoryRefused(PermanentError):
    """Mem0 refused a memory for good."""


class MemoriesRefused(PermanentError):
    """Mem0 refused some memories for good; the others are stored."""


class MemoryElsewhere(PermanentError):
    """The memory lies in a Mem0 that is no longer configured."""


# --- the store of PDFs ------------------------------------------------------------------------


class PdfStoreUnavailable(TransientError):
    """The store of the PDFs does not answer."""


class PdfStoreRefused(PermanentError):
    """The store of the PDFs refuses what we ask; its settings or its permissions are wrong."""

    status = 500


class PdfElsewhere(PermanentError):
    """The PDF lies in a store that is no longer configured."""

    status = 500


class PdfDamaged(PermanentError):
    """The stored PDF is gone, or is not the one that SII gave."""

    status = 500


# --- our own house ----------------------------------------------------------------------------


class QueueUnavailable(TransientError):
    """Redis does not answer."""


class DatabaseUnavailable(TransientError):
    """Postgres does not answer."""


class StoreBusy(TransientError):
    """The session store is locked by another process."""


class RunsUnfinished(TransientError):
    """Runs are at work for whom this is about."""


class RunTakenOver(PermanentError):
    """A later attempt of this run has begun, or the run has ended; this one stores nothing."""


class PoisonRun(PermanentError):
    """The worker died each time that this run was tried; it is not tried again."""


class ConfigurationError(PermanentError):
    """A setting is missing or malformed."""

    status = 500


class NotFound(PermanentError):
    """There is no such thing."""

    status = 404


class CalendarNotActivated(PermanentError):
    """The company follows no obligation yet; run calendar.activate_mandatory_events for it."""


class AlreadyExists(PermanentError):
    """There is one already."""

    status = 409


class WrongState(PermanentError):
    """The thing is in a state that does not allow this."""

    status = 409


class RunCancelled(PermanentError):
    """An operator has cancelled this run."""


class Unauthenticated(PermanentError):
    """The request carries no valid API key."""

    status = 401


class TooManyTries(TransientError):
    """This name was tried too often from this address."""

    status = 429


class FormExpired(PermanentError):
    """The form does not belong to this browser's session."""

    status = 403


class OperatorsOnly(PermanentError):
    """The account may look, and not act."""

    status = 403


class InvalidInput(PermanentError):
    """A value is not acceptable. `field` names it."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type["InvalidInput"], tuple[str, str | None]]:
        return (type(self), (self.message, self.field))  # Celery pickles errors to the parent


def error_of(code: str, message: str | None) -> Exception:
    """Returns the error that a stored code and message describe; a plain one for foreign codes."""
    found = [kind for kind in _leaves(FiscalError) if code_of(kind) == code]
    return found[0](message or "") if found else Exception(f"{code}: {message}")


def _leaves(kind: type[FiscalError]) -> list[type[FiscalError]]:
    return [leaf for child in kind.__subclasses__() for leaf in (child, *_leaves(child))]
