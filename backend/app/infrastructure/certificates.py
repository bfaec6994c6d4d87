"""Was a store refused because of its certificate? Then waiting does not help: the log says it."""


def certificate_fault(error: BaseException) -> str | None:
    """Returns the driver's line about the certificate that it refused, None where it is not that.

    OpenSSL's and libpq's lines name a host or a file, never a password.
    """
    lines = str(error).splitlines()
    return next((line.strip() for line in lines if "certificate" in line.lower()), None)
