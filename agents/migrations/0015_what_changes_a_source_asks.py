from __future__ import annotations

from typing import Any

from django.db import migrations, models

SHIPPED = """\
GET /company/orders: amount, status
GET /company/payments: order_ref, amount_cents, state
GET /company/inventory: order_id, sku, quantity (reservations for the items of orders)
All: ?page=1&per_page=100; rows in data, next is the path of the next page"""
NOW = """\
GET /company/orders: amount, status
GET /company/payments: order_ref, amount_cents, state
GET /company/inventory: order_id, sku, quantity (reservations for the items of orders)
POST /company/refunds: order, amount_cents, reason
All GET: ?page=1&per_page=100; rows in data, next is the path of the next page"""


def let_the_company_be_changed(apps: Any, schema_editor: Any) -> None:
    """The sandbox's company as it was shipped can be asked for a refund, too. What an admin has changed stays."""
    as_shipped = apps.get_model("agents", "HttpSource").objects.filter(
        slug="company", base_url="", allowed_methods="GET", operations=SHIPPED
    )
    as_shipped.update(allowed_methods="GET, POST", operations=NOW)


class Migration(migrations.Migration):
    dependencies = [("agents", "0014_agent_copies")]

    operations = [
        migrations.AlterField(
            model_name="httpsource",
            name="allowed_methods",
            field=models.CharField(
                default="GET", help_text="GET, or GET, POST: all but GET and HEAD asks the user each time.", max_length=60
            ),
        ),
        migrations.RunPython(let_the_company_be_changed, migrations.RunPython.noop),
    ]
