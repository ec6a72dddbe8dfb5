"""What the checks are measured on: answers of about 1 KB as models give them, with the requests that they answer.

Every check says "accept" to its example, so that each has to look at the whole of it. Knows no check.
"""

import json
from collections.abc import Mapping
from typing import Any

from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Text, ToolCall
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.openai_chat import read_request

ORDER = """\
<document>
Order of 4 November 2026. Buyer: Asha Traders in Bengaluru, state KA. Seller: Acme Instruments in Pune, state MH.
Line A-100: 4 oscilloscope probes at 1250.00 INR. Line B-205: 10 calibration kits at 640.00 INR. Line C-330: 2 bench power \
supplies at 4300.00 INR. Net 20000.00 INR, IGST of 18 percent is 3600.00 INR, total 23600.00 INR. Invoice INV-20931, due in 30 \
days, paid to DE89370400440532013000.
</document>
Write the invoice of this order as JSON."""

INVOICE: Mapping[str, Any] = {
    "invoice_no": "INV-20931",
    "buyer": {"name": "Asha Traders", "state": "KA"},
    "seller": {"name": "Acme Instruments", "state": "MH"},
    "tax_code": "IGST",
    "currency": "INR",
    "lines": [
        {"sku": "A-100", "what": "oscilloscope probes", "count": 4, "amount": 5000},
        {"sku": "B-205", "what": "calibration kits", "count": 10, "amount": 6400},
        {"sku": "C-330", "what": "bench power supplies", "count": 2, "amount": 8600},
    ],
    "net": 20000,
    "tax": 3600,
    "total": 23600,
    "payment": {"iban": "DE89370400440532013000"},
    "due_days": 30,
    "note": "The buyer is in the state KA and the seller in MH, so the tax code is IGST. The lines are 4 * 1250 = 5000 for the "
    "oscilloscope probes, 10 * 640 = 6400 for the calibration kits and 2 * 4300 = 8600 for the bench power supplies. The net is "
    "5000 + 6400 + 8600 = 20000, the tax 20000 * 0.18 = 3600, the total 20000 + 3600 = 23600 INR, due in 30 days.",
}
JSON_TEXT = json.dumps(INVOICE, indent=1)
SHORT_JSON_TEXT = json.dumps(
    {
        **INVOICE,
        "lines": [{"sku": "A-100", "what": "probes", "count": 4, "amount": 20000}],
        "note": "The states differ, so it is IGST: 20000 * 0.18 = 3600.",
    }
)
"""A smaller invoice, of about as many characters as most structured answers."""

PROSE_TEXT = """\
Thank you for your message. The three seats stay usable until Monday the 14th, because an old invoice address does not stop \
anyone from working. The next invoice, number 20931 over EUR 412.50, can be held back until the address is right: I have put a \
note on your account, customer number 77-4102, and our billing team will not send it before the owner is back.

To name a second owner we need two things from you. First, a short letter on your company's paper that names the person, signed \
by Ms Okafor or by someone who may sign for the company. Second, a copy of the entry in the commercial register that shows who \
may sign. Please send both to billing by e-mail; we usually answer within one working day.

Once the second owner is named, that person can change the address of all twelve seats under Settings, and the invoice will be \
written anew with the right address. You do not have to pay anything before that, and no reminder will be sent. If anything is \
unclear, just answer this message and I will gladly help you further. Have a good day!"""

SOURCES = f"""\
Answer from the context.
<context>
{PROSE_TEXT.replace("Thank you for your message. ", "")}
Seats with an old invoice address stay usable. Invoices can be held back by the billing team on request of a customer.
</context>
Question: what happens to our seats, and what must we send you?"""

PYTHON_TEXT = '''\
This reads the orders and adds up what each customer has bought.

```python
import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Order:
    customer: str
    sku: str
    count: int
    cents: int


def read_orders(file: Path) -> Iterator[Order]:
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if not row["customer"]:
                continue
            yield Order(row["customer"], row["sku"], int(row["count"]), int(row["cents"]))


def total_by_customer(file: Path) -> dict[str, int]:
    """Cents that each customer owes, the largest sum first."""
    totals: dict[str, int] = defaultdict(int)
    for order in read_orders(file):
        totals[order.customer] += order.count * order.cents
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


if __name__ == "__main__":
    for customer, cents in total_by_customer(Path("orders.csv")).items():
        print(f"{customer:<30} {cents / 100:>12,.2f}")
```
'''

SQL_TEXT = """\
The query below finds the ten customers with the highest turnover of the last quarter.

```sql
WITH quarter AS (
    SELECT o.id, o.customer_id, o.placed_at, l.sku, l.count * l.unit_cents AS cents
    FROM orders AS o
    JOIN order_lines AS l ON l.order_id = o.id
    WHERE o.placed_at >= DATE '2026-07-01' AND o.placed_at < DATE '2026-10-01' AND o.state <> 'cancelled'
), totals AS (
    SELECT customer_id, COUNT(DISTINCT id) AS orders, SUM(cents) AS cents, MAX(placed_at) AS last_order
    FROM quarter
    GROUP BY customer_id
    HAVING SUM(cents) > 10000
)
SELECT c.name, c.country, t.orders, t.cents / 100.0 AS turnover, t.last_order,
       RANK() OVER (PARTITION BY c.country ORDER BY t.cents DESC) AS place_in_country
FROM totals AS t
JOIN customers AS c ON c.id = t.customer_id
LEFT JOIN countries AS k ON k.code = c.country
WHERE k.is_active OR c.country IS NULL
ORDER BY t.cents DESC, c.name
LIMIT 10;
```

It leaves out cancelled orders and customers who bought for less than 100 in all.
"""

SUMS_TEXT = "\n".join(
    [
        "Let me work this out step by step.",
        *(f"In week {week} we sold {week} boxes of 12 pens each, so {week} * 12 = {week * 12} pens." for week in range(3, 15)),
        "Adding the first three weeks gives 36 + 48 + 60 = 144, and half of it is 144 / 2 = 72.",
        "The answer is 72.",
    ]
)

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "of the benchmark",
            "parameters": {
                "type": "object",
                "required": ["customer", "lines"],
                "additionalProperties": False,
                "properties": {
                    "customer": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{4}$"},
                    "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
                },
            },
        },
    }
    for name in ("place_order", "quote_order", "cancel_order")
]
ARGUMENTS = json.dumps({"customer": "77-4102", "lines": [{"sku": f"A-{place}"} for place in range(25)]})


def asked(prompt: str, *, model: str = "auto", **more: Any) -> Request:
    """A request of one message in chat completions' shape; `more` stands in its body."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **more}
    return read_request(json.dumps(body).encode(), request_id="req-bench", terms=Terms(), caller=Caller(key_id="k"), headers={})


def answered(text: str) -> Answer:
    """A whole answer that ended by itself."""
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish="stop"),))


def answered_with_calls() -> Answer:
    """Two calls of tools and no text."""
    calls = tuple(
        ToolCall(id=f"call_{place}", name=name, arguments=ARGUMENTS) for place, name in enumerate(("quote_order", "place_order"))
    )
    return Answer(dialect="openai-chat", choices=(Choice(parts=calls, finish="tool_calls"),))


def answered_with_logprobs(tokens: int = 250) -> Answer:
    """A text with the probabilities of all its tokens, 1 KB at four characters each."""
    logprobs = tuple(TokenLogprob(token=f" w{place:02}", logprob=-0.001 - place % 7 / 1e4) for place in range(tokens))
    text = "".join([each.token for each in logprobs])
    return Answer(dialect="openai-chat", choices=(Choice(parts=(Text(text=text),), finish="stop", logprobs=logprobs),))
