"""The simulator whose company A has 400 documents a month: `python -m benchmarks.sii_portal`.

The seeded companies have some forty, or so many that they come as a file.
"""

from dataclasses import replace

import uvicorn

from simulator.truth import companies

PURCHASES, SALES = 250, 150  # the purchases in all four accounting states

companies._SEEDED = tuple(  # before the simulator makes its book of them
    (kind, case, name, replace(profile, purchases=(PURCHASES,) * 2, sales=(SALES,) * 2))
    if kind == "A"
    else (kind, case, name, profile)
    for kind, case, name, profile in companies._SEEDED
)

if __name__ == "__main__":
    uvicorn.run("simulator.main:app", host="0.0.0.0", port=8080, log_level="warning")
