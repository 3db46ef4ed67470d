"""The company's orders, payments and reservations, as three services keep them, with planted mismatches.

The services write things differently, as services do: orders have decimal amounts and UTC times, payments have cents
and local times, reservations have one row for each item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Literal

from agents.sandbox.company.traffic import seeded

ORDERS = 120
_SKUS = ("MUG-01", "TEE-07", "CAP-03", "BAG-12", "PEN-05")
_PRICES = {"MUG-01": 1_290, "TEE-07": 2_450, "CAP-03": 1_975, "BAG-12": 5_400, "PEN-05": 310}
_LOCAL = timezone(timedelta(hours=2))

Kind = Literal["value", "missing", "orphan", "duplicate", "stale"]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """`order` is the id of the order that is concerned, `between` the two services that disagree."""

    kind: Kind
    order: str
    between: tuple[str, str]
    field: str = ""


def order_id(number: int) -> str:
    return f"ORD-{10_000 + number}"


_PAID, _STOCKED = ("orders", "payments"), ("orders", "inventory")
MISMATCHES = (
    *(Mismatch(kind="value", order=order_id(n), between=_PAID, field="amount") for n in (14, 47, 92)),
    *(Mismatch(kind="missing", order=order_id(n), between=_PAID) for n in (23, 78)),
    Mismatch(kind="orphan", order="ORD-99001", between=_PAID),
    Mismatch(kind="duplicate", order=order_id(61), between=_PAID),
    *(Mismatch(kind="stale", order=order_id(n), between=_PAID, field="status") for n in (8, 105)),
    *(Mismatch(kind="value", order=order_id(n), between=_STOCKED, field="quantity") for n in (35, 83)),
    Mismatch(kind="missing", order=order_id(52), between=_STOCKED),
)
"""The ground truth: nothing else disagrees."""


def _planted(kind: Kind, between: tuple[str, str]) -> frozenset[str]:
    return frozenset(one.order for one in MISMATCHES if one.kind == kind and one.between == between)


@dataclass(frozen=True, kw_only=True)
class _Sale:
    """One order as it truly was. `minute` is counted from the bad deployment."""

    id: str
    customer: str
    minute: int
    items: tuple[tuple[str, int], ...]

    @property
    def cents(self) -> int:
        return sum(_PRICES[sku] * quantity for sku, quantity in self.items)


@lru_cache(maxsize=1)
def _sales() -> tuple[_Sale, ...]:
    return tuple(_sale(number) for number in range(1, ORDERS + 1))


def _sale(number: int) -> _Sale:
    numbers = seeded("sale", number)
    skus = numbers.sample(_SKUS, k=numbers.randrange(1, 4))
    return _Sale(
        id=order_id(number),
        customer=f"C-{numbers.randrange(100, 400)}",
        minute=number - ORDERS - 5,
        items=tuple((sku, numbers.randrange(1, 5)) for sku in skus),
    )


def orders(deployed: int) -> list[dict[str, Any]]:
    stale = _planted("stale", _PAID)
    return [
        {
            "id": sale.id,
            "customer": sale.customer,
            "placed_at": _moment(deployed, sale.minute, UTC),
            "status": "pending" if sale.id in stale else "paid",
            "currency": "EUR",
            "amount": f"{sale.cents / 100:.2f}",
            "items": [{"sku": sku, "quantity": quantity} for sku, quantity in sale.items],
        }
        for sale in _sales()
    ]


def payments(deployed: int) -> list[dict[str, Any]]:
    rows = [row for sale in _sales() for row in _payments_of(sale, deployed)]
    orphans = [one.order for one in MISMATCHES if one.kind == "orphan"]
    rows += [
        _payment(f"PAY-9{number:04d}", order, 4_200, _moment(deployed, -40, _LOCAL))
        for number, order in enumerate(orphans)
    ]
    return rows


def _payments_of(sale: _Sale, deployed: int) -> Iterator[dict[str, Any]]:
    if sale.id in _planted("missing", _PAID):
        return
    number = sale.id.removeprefix("ORD-1")
    cents = sale.cents - 500 if sale.id in _planted("value", _PAID) else sale.cents
    yield _payment(f"PAY-2{number}", sale.id, cents, _moment(deployed, sale.minute + 1, _LOCAL))
    if sale.id in _planted("duplicate", _PAID):
        yield _payment(f"PAY-3{number}", sale.id, cents, _moment(deployed, sale.minute + 2, _LOCAL))


def _payment(id: str, order: str, cents: int, captured_at: str, /) -> dict[str, Any]:  # noqa: PLR0917
    return {
        "payment_id": id,
        "order_ref": order,
        "amount_cents": cents,
        "currency": "EUR",
        "state": "captured",
        "captured_at": captured_at,
    }


def inventory(deployed: int) -> list[dict[str, Any]]:
    """Reservations: one row for each item of an order."""
    return [
        {
            "reservation_id": f"RES-{sale.id.removeprefix('ORD-')}-{place}",
            "order_id": sale.id,
            "sku": sku,
            "quantity": quantity + (place == 1 and sale.id in _planted("value", _STOCKED)),
            "updated_at": _moment(deployed, sale.minute, UTC),
        }
        for sale in _sales()
        if sale.id not in _planted("missing", _STOCKED)
        for place, (sku, quantity) in enumerate(sale.items, start=1)
    ]


def _moment(deployed: int, minute: int, zone: timezone) -> str:
    return datetime.fromtimestamp(deployed + minute * 60, tz=zone).isoformat()


SHELVES: Mapping[str, Any] = {"orders": orders, "payments": payments, "inventory": inventory}
"""What each of the services lists, given when the bad deployment was."""
