"""The rules of Railway's published schema that these files can meet, restated.

The schema is at https://railway.com/railway.schema.json: draft-07, closed at every level
(`additionalProperties: false`), enumerations in capitals. Where each rule comes from:

- its own text, as of 2023, which a public repository keeps a copy of (satyamkill11/Amadeus,
  railway.schema.json): the two closed objects, `builder`, `watchPatterns`, `restartPolicyType`;
- docs.railway.com/config-as-code/reference: keys and enumerations that were added since;
- railwayapp/docs issue 1243: the parser takes `drainingSeconds` as a number only, against the
  reference, which shows text;
- railwayapp/cli, src/commands/config/migrate.rs, struct CacDeploy: integers;
- naveedharri/baalda pull 33 and FuelLabs/fuel-explorer pull 725: `limitOverride` in such a file.
  No page of Railway's documents it.
"""

from typing import Any

SECONDS = {"type": "integer", "minimum": 0}


def closed(**properties: Any) -> dict[str, Any]:
    """Returns the schema of an object that may have no other key."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **closed(
        **{"$schema": {"const": "https://railway.com/railway.schema.json"}},
        build=closed(
            builder={"enum": ["RAILPACK", "DOCKERFILE", "NIXPACKS"]},
            dockerfilePath={"type": "string"},
            watchPatterns={"type": "array", "items": {"type": "string"}},
        ),
        deploy=closed(
            startCommand={"type": "string"},
            preDeployCommand={"type": "array", "items": {"type": "string"}, "maxItems": 1},
            healthcheckPath={"type": "string", "pattern": "^/"},
            healthcheckTimeout=SECONDS,
            restartPolicyType={"enum": ["ON_FAILURE", "ALWAYS", "NEVER"]},
            overlapSeconds=SECONDS,
            drainingSeconds=SECONDS,
            limitOverride=closed(containers=closed(memoryBytes={"type": "integer"})),
        ),
    ),
    "required": ["$schema", "build", "deploy"],
}
