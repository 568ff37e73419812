"""Records of a clinic: Pydantic models, a dataclass, a typed dict and an attrs class."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from annotated_types import Ge, Le
from pydantic import BaseModel, Field, IPvAnyAddress, NaiveDatetime, SecretStr, computed_field
from typing_extensions import TypedDict


class Blood(enum.StrEnum):
    A = "A"
    B = "B"
    AB = "AB"
    ZERO = "0"


class Address(BaseModel):
    street: str
    city: str
    postal_code: str = Field(pattern=r"^\d{5}$")


class Phone(BaseModel):
    kind: Literal["phone"]
    number: str


class Letter(BaseModel):
    kind: Literal["letter"]
    address: Address


class Patient(BaseModel):
    """Somebody who is treated."""

    id: UUID
    first_name: str = Field(min_length=1, max_length=40)
    last_name: str = Field(max_length=40, description="family name")
    born: date
    blood: Blood
    height: Annotated[int, Ge(45), Le(220)]
    weight: Decimal = Field(gt=2, lt=250, max_digits=5, decimal_places=2)
    address: Address
    contact: Phone | Letter = Field(discriminator="kind")
    allergies: list[str] = Field(default_factory=list, max_length=3)
    notes: dict[str, str] = {}
    insured: bool = True
    phone: str | None = None
    password: SecretStr
    last_ip: IPvAnyAddress | None
    seen_at: NaiveDatetime
    mother: Patient | None = None
    extra: Any = None

    @computed_field
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Visit(BaseModel):
    id: int
    patient_id: UUID
    doctorId: int = Field(alias="doctor_id")
    began_at: datetime
    took: timedelta
    reason: str = Field(examples=["cough", "pain", "check-up"])
    price: float = Field(ge=0, le=20, multiple_of=0.5)


@dataclass
class Doctor:
    """A doctor of the clinic."""

    id: int
    name: str
    rooms: tuple[int, ...] = ()
    speciality: Literal["eyes", "skin", "bones"] = "skin"


class Room(TypedDict):
    room_id: int
    floor: int
    remark: NotRequired[str]
