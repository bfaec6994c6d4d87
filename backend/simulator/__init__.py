"""A stand-in for the outside services: SII's portal, the WhatsApp API and a mail server.

It is written from public contracts only and never proven against sii.cl. It imports nothing
of the product, so that both can disagree about a contract and a test can notice.
"""
