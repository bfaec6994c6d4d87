"""The operations page, `/ops`: what the bundle is doing, for a person with a browser.

Made on the server (templates) and kept up to date by server-sent events that carry the same
parts anew; the browser's script puts them in place and does nothing else.
"""
