"""A shop, with the things that models are made of."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    JSON,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Dated


class Status(enum.Enum):
    open = "o"
    paid = "p"
    sent = "s"


class Hashed(TypeDecorator[str]):
    impl = String(64)
    cache_ok = True


product_tags = Table(
    "product_tags",
    Base.metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True, comment="as it is shown")


class Person(Dated, Base):
    """Somebody the shop knows.

    Customers and employees are kept in one table.
    """

    __tablename__ = "people"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(Hashed)
    salary: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    mentor_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "customer"}
    __table_args__ = (Index("ix_people_email", func.lower(email), unique=True),)


class Employee(Person):
    __mapper_args__ = {"polymorphic_identity": "employee"}


class Product(Dated, Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku: Mapped[str] = mapped_column(String(12), index=True, unique=True)
    name: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    stock: Mapped[int] = mapped_column(server_default=text("0"))
    colours: Mapped[list[str]] = mapped_column(ARRAY(String(20)))
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    gross: Mapped[Decimal] = mapped_column(Numeric(8, 2), Computed("price * 1.2"))
    tags: Mapped[list[Tag]] = relationship(secondary=product_tags)
    __table_args__ = (CheckConstraint("price > 0 AND price < 500"), CheckConstraint("stock >= 0"))


class Order(Dated, Base):
    __tablename__ = "orders"
    shop: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    state: Mapped[Status] = mapped_column(Enum(Status, values_callable=lambda each: [one.value for one in each]))


class OrderItem(Base):
    __tablename__ = "order_items"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_shop: Mapped[int]
    order_number: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    pieces: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["order_shop", "order_number"], ["orders.shop", "orders.number"]),
        UniqueConstraint("order_shop", "order_number", "product_id"),
        CheckConstraint("pieces BETWEEN 1 AND 20"),
    )
