"""Companies and credentials over the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from app.api.schemas.fields import Rut
from app.infrastructure.db.models import Company, SiiCredential

BusinessName = Annotated[
    str,
    # Postgres stores no NUL, and no name has a line break.
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
CredentialStatus = Literal["unproven", "ok", "invalid", "blocked"]


class NewCredential(BaseModel):
    """A login at SII."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"login_rut": "77.123.456-9", "clave": "the clave tributaria"}]
        },
    )

    login_rut: Rut
    clave: SecretStr = Field(
        min_length=1, max_length=100, description="Encrypted at rest; no answer ever shows it."
    )


class NewOwner(BaseModel):
    """The person whom the company belongs to; one with this e-mail address is taken as they are."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254, examples=["ana@pyme.example"])]
    full_name: BusinessName
    phone: Annotated[str, Field(max_length=32, examples=["+56987654321"])] | None = None
    rut: Rut | None = None
    time_zone: Annotated[str, Field(max_length=64)] = "America/Santiago"


class NewCompany(BaseModel):
    """A company to keep in step with SII. With a credential its onboarding starts at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"rut": "77.123.456-9", "business_name": "Panadería Las Nieves SpA"},
                {
                    "rut": "77.123.456-9",
                    "business_name": "Panadería Las Nieves SpA",
                    "credential": {"login_rut": "77.123.456-9", "clave": "the clave tributaria"},
                    "owner": {"email": "ana@pyme.example", "full_name": "Ana Inventada"},
                },
            ]
        },
    )

    rut: Rut
    business_name: BusinessName
    credential: NewCredential | None = None
    owner: NewOwner | None = None


class Credential(BaseModel):
    """What is known about a login at SII; never its clave."""

    login_rut: str
    status: CredentialStatus = Field(
        description="`unproven` until SII has accepted or refused it. A clave that SII refused is"
        " not tried again until it is replaced."
    )
    blocked_until: AwareDatetime | None = Field(description="UTC; set while SII blocks the login.")
    last_ok_at: AwareDatetime | None = Field(description="UTC; the last login that worked.")

    @classmethod
    def of(cls, credential: SiiCredential) -> "Credential":
        """Returns a row as the API shows it."""
        return cls.model_validate(credential, from_attributes=True)


class CompanyView(BaseModel):
    """A company."""

    model_config = ConfigDict(
        title="Company",
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c3a52-7f5e-4c1c-9a39-1f1f6f6a4c11",
                    "rut": "77123456-9",
                    "business_name": "Panadería Las Nieves SpA",
                    "is_active": True,
                    "created_at": "2026-11-23T14:05:00Z",
                    "credential": {
                        "login_rut": "77123456-9",
                        "status": "ok",
                        "blocked_until": None,
                        "last_ok_at": "2026-11-23T14:06:12Z",
                    },
                    "onboarding": "/v1/companies/5f0c3a52-7f5e-4c1c-9a39-1f1f6f6a4c11/onboarding",
                }
            ]
        },
    )

    id: UUID
    rut: str
    business_name: str
    is_active: bool = Field(description="Whether the daily syncs include it.")
    created_at: AwareDatetime = Field(description="UTC.")
    credential: Credential | None = Field(description="null until one is given.")
    onboarding: str = Field(description="Where its onboarding is, once a credential was given.")

    @classmethod
    def of(cls, company: Company) -> "CompanyView":
        """Returns a row as the API shows it. Its session must be open."""
        shown = {name: getattr(company, name) for name in cls.model_fields if name != "onboarding"}
        return cls.model_validate(
            shown | {"onboarding": f"/v1/companies/{company.id}/onboarding"}, from_attributes=True
        )
