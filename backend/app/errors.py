"""Every error of the house: transient ones are retried, permanent ones never.

A leaf names one cause. Its docstring is the default message, so that the documentation and
what people read at run time cannot part. `code` is stored with the run and shown by the API.
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


class PermanentError(FiscalError):
    """The same attempt will fail again until somebody changes something."""

    status = 422


# --- the portal -------------------------------------------------------------------------------


class SiiUnavailable(TransientError):
    """The SII portal does not answer or is under maintenance."""


class SessionExpired(TransientError):
    """The SII session ended before the work was done."""


class TooManySessions(TransientError):
    """SII refuses a login because this RUT has too many open sessions."""

    retry_after = 3600  # SII: close a session or wait one hour (message 27)


class RateLimited(TransientError):
    """The other side asks for fewer requests."""


class IncompleteAnswer(TransientError):
    """SII answered with fewer documents than its own summary counts."""


class UnexpectedAnswer(PermanentError):
    """The portal's answer is not what the contract says."""


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


# --- our own house ----------------------------------------------------------------------------


class QueueUnavailable(TransientError):
    """Redis does not answer; the run was not queued."""


class DatabaseUnavailable(TransientError):
    """Postgres does not answer."""


class StoreBusy(TransientError):
    """The session store is locked by another process."""


class ConfigurationError(PermanentError):
    """A setting is missing or malformed."""

    status = 500


class NotFound(PermanentError):
    """There is no such thing."""

    status = 404


class AlreadyExists(PermanentError):
    """There is one already."""

    status = 409


class Unauthenticated(PermanentError):
    """The request carries no valid API key."""

    status = 401


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
