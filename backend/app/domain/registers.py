"""What a sync reads of a period; each part is read, checked and committed by itself."""

from enum import StrEnum


class Register(StrEnum):
    """In the order of reading: boletas are held to what the sales register counts of them."""

    PURCHASE = "purchase"
    SALE = "sale"
    BOLETAS = "boletas"
    FEES = "fees"
