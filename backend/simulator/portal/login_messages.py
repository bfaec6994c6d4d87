"""The portal's words for a refused login. The last two digits of the code carry the meaning."""

from simulator.logins import Outcome

MESSAGES = {
    Outcome.WRONG: (
        "La Clave Tributaria ingresada no es correcta, verifique que su teclado no está con "
        'opción "mayúsculas" e inténtelo nuevamente.',
        "01.01.217.500.720.20",
    ),
    Outcome.BLOCKED: (
        "La Clave Tributaria se encuentra bloqueada por reiterados intentos errados. "
        "Podrá intentarlo nuevamente en una hora.",
        "01.01.217.500.720.09",
    ),
    Outcome.TOO_MANY_SESSIONS: (
        "Usted ha superado el máximo de sesiones autenticadas. Utilice la opción "
        '"cerrar sesión" o espere una hora.',
        "01.01.190.500.720.27",
    ),
}
# A form without the fields that the login page sends.
INCOMPLETE_FORM = (
    "No fue posible completar la autenticación. Cierre su navegador y vuelva a intentarlo.",
    "01.01.203.500.720.05",
)
