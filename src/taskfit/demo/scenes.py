"""What an ordinary day brings: requests that a small model answers, and those where a check sends them to a larger one."""

from typing import Any

from taskfit.demo.scene import Scene, answered
from taskfit.testing import Fault, Reply

TRIAGE = (
    {
        "role": "system",
        "content": "Classify the message into one category: billing, technical, cancellation, praise. Answer in one word.",
    },
)
SUPPORT = {"x-taskfit-surface": "support"}
INVOICE: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"number": {"type": "string"}, "total": {"type": "number"}, "currency": {"type": "string"}},
            "required": ["number", "total", "currency"],
            "additionalProperties": False,
        },
    },
}
CLAUSES = (
    "The supplier delivers the goods within 14 days of the order and bears the risk until they are handed over.",
    "Either party may end this agreement with 90 days of notice, in writing, to the address given above.",
    "Payment is due 30 days after the invoice; late payment bears interest of 5 percentage points above the base rate.",
    "Liability is limited to the value of the order, except for intent, gross negligence and injury to persons.",
    "Confidential information stays confidential for five years after the end of this agreement.",
)
CONTRACT = "\n".join(f"§ {number}. {CLAUSES[number % len(CLAUSES)]}" for number in range(1, 801))


def _triage(title: str, message: str, says: str, *, harder: str | Fault | None = None, why: str = "") -> Scene:
    """A message that the mini files, or that the next rung files after `harder` is what the mini came up with."""
    if harder is None:
        return Scene(
            title=title, task="support-triage", question=message, before=TRIAGE, headers=SUPPORT,
            says={"mini": says}, ends=answered("mini", says=says),
        )  # fmt: skip
    return Scene(
        title=title, task="support-triage", question=message, before=TRIAGE, headers=SUPPORT,
        says={"mini": harder, "general": says}, ends=answered(f"mini: {why}", "general", says=says),
    )  # fmt: skip


SUPPORT_TRIAGE = (
    _triage("invoice charged twice", "Hello, you charged my card twice for invoice 2026-1182. Can I have it back?", "billing"),
    _triage("app crashes at start", "Since the update the app closes as soon as I open it. Pixel 9, Android 16.", "technical"),
    _triage("wants to leave", "Please end my subscription at the end of the month and confirm it.", "cancellation"),
    _triage("a kind word", "Just wanted to say that Ines on the phone was wonderful. Thank you!", "praise"),
    _triage(
        "two matters in one mail",
        "The export fails with error 500, and while we are at it, why did my price go up in May?",
        "technical",
        harder="I'm not sure which category fits, since the message is about two things.",
        why="refusal",
    ),
    _triage(
        "at a busy hour",
        "My password reset mail never arrives, I have looked in the spam folder.",
        "technical",
        harder=Fault.status(429, retry_after="0.8"),
        why="upstream_rate_limited",
    ),
    Scene(
        title="a moment later",
        task="support-triage",
        question="Where do I change the address on my bills?",
        before=TRIAGE,
        headers=SUPPORT,
        says={"general": "billing"},
        ends=answered("general", says="billing", dropped=("mini",)),
    ),
    Scene(
        title="when the limit is over",
        task="support-triage",
        question="The licence key is said to be invalid, but I copied it from your mail.",
        before=TRIAGE,
        headers=SUPPORT,
        after_s=0.85,
        says={"mini": "technical"},
        ends=answered("mini", says="technical"),
    ),
)

EXTRACTION = (
    Scene(
        title="invoice to JSON",
        task="extraction",
        question="Extract number, total and currency: Invoice RE-77120 of 3 March, total due EUR 1,284.50 within 30 days.",
        body={"response_format": INVOICE},
        says={"flash": '{"number": "RE-77120", "total": 1284.5, "currency": "EUR"}'},
        ends=answered("flash", says='"RE-77120"'),
    ),
    Scene(
        title="receipt to JSON",
        task="extraction",
        question="Extract number, total and currency: Thank you for your order! Order 4410-B, 2 items, USD 38.90 incl. tax.",
        body={"response_format": INVOICE},
        says={"flash": '{"number": "4410-B", "total": 38.9, "currency": "USD"}'},
        ends=answered("flash", says='"4410-B"'),
    ),
    Scene(
        title="names from a minute",
        task="extraction",
        question="Extract every person and company: Ms Okafor (Brightwell Ltd) and Jan de Vries met Lena Sommer of Nordlicht AG.",
        says={"flash": "Okafor (Brightwell Ltd), Jan de Vries, Lena Sommer (Nordlicht AG)"},
        ends=answered("flash", says="Nordlicht"),
    ),
    Scene(
        title="a list cut off",
        task="extraction",
        question="Extract all part numbers as a JSON list: A-100, A-101, A-102, B-200, B-201, C-300.",
        says={
            "flash": Reply('["A-100", "A-101", "A-1', finish="length"),
            "general": '["A-100", "A-101", "A-102", "B-200", "B-201", "C-300"]',
        },
        ends=answered("flash: truncated", "general", says="C-300"),
    ),
    Scene(
        title="a filter in the way",
        task="extraction",
        question="Extract the drug names: patient takes metformin 500 mg and lisinopril 10 mg, stopped ibuprofen.",
        says={"flash": Reply("", finish="content_filter"), "general": "metformin, lisinopril, ibuprofen (stopped)"},
        ends=answered("flash: truncated", "general", says="lisinopril"),
    ),
)

CODE = (
    Scene(
        title="a Python function",
        task="code",
        question="Write a Python function that removes duplicates from a list and keeps the order.",
        says={"general": "def unique(items):\n    return list(dict.fromkeys(items))"},
        ends=answered("general", says="dict.fromkeys"),
    ),
    Scene(
        title="an SQL query, streamed",
        task="code",
        question="Write an SQL query for the ten customers with the highest revenue this year.",
        body={"stream": True},
        says={
            "general": "SELECT customer_id, SUM(total) AS revenue FROM orders WHERE ordered_at >= '2026-01-01' "
            "GROUP BY customer_id ORDER BY revenue DESC LIMIT 10;"
        },
        ends=answered("general", says="LIMIT 10"),
    ),
    Scene(
        title="a test, cut half-way",
        task="code",
        question="Write pytest unit tests for a function slugify(text).",
        says={
            "general": Reply("def test_spaces():\n    assert slugify('a b') ==", finish="length"),
            "expert": "def test_spaces_become_dashes():\n    assert slugify('a b') == 'a-b'",
        },
        ends=answered("general: truncated", "expert", says="a-b"),
    ),
    Scene(
        title="while a vendor is down",
        task="code",
        question="Write a regex for ISO dates such as 2026-11-22, in Python.",
        says={"general": Fault.status(500), "expert": r"re.compile(r'\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])')"},
        ends=answered("general: upstream_failure", "expert", says="re.compile"),
    ),
)

DOCUMENTS = (
    Scene(
        title="a short memo",
        task="documents",
        question="Summarize in one sentence: The canteen closes for repairs from 3 to 14 August; bistro vouchers at the desk.",
        says={"compact": "The canteen is closed 3-14 August, with bistro vouchers at the desk."},
        ends=answered("compact", says="vouchers"),
    ),
    Scene(
        title=f"a contract of {len(CONTRACT) // 1000:,} KB",
        task="documents",
        question=f"Summarize the key points of this contract.\n\n{CONTRACT}",
        says={"flash": "Delivery in 14 days, payment in 30, notice of 90 days, capped liability, five years of confidentiality."},
        ends=answered("flash", says="90 days", dropped=("compact",)),
    ),
    Scene(
        title="longer than it seemed",
        task="documents",
        question="Summarize this in one sentence: " + "好" * 18_000,
        says={"compact": Fault.context_exceeded(), "flash": "It says one word, 18,000 times."},
        ends=answered("compact: context_exceeded", "flash", says="18,000"),
    ),
)

SUMS = (
    Scene(
        title="a bill, split",
        task="sums",
        question="Calculate each share: four friends split a bill of 96 dollars and add a tip of 12.",
        says={"mini": "The total is 96 + 12 = 108 dollars, and 108 / 4 = 27. Each pays 27 dollars."},
        ends=answered("mini", says="27"),
    ),
    Scene(
        title="a slip in the sums",
        task="sums",
        question="Calculate the profit: 48 crates at 17 dollars each were sold, and they cost 600 dollars.",
        says={
            "mini": "Revenue is 48 * 17 = 806 dollars, so the profit is 806 - 600 = 206 dollars.",
            "flash": "Revenue is 48 * 17 = 816 dollars, so the profit is 816 - 600 = 216 dollars.",
        },
        ends=answered("mini: arithmetic", "flash", says="216"),
    ),
    Scene(
        title="two models slip",
        task="sums",
        question="Calculate how much paint is left after 7 rooms of 3.75 litres each from a stock of 40 litres.",
        says={
            "mini": "7 * 3.75 = 27.25 litres are used, so 12.75 litres are left.",
            "flash": "They use 7 * 3.75 = 26.25 litres, which leaves 40 - 26.25 = 14.75 litres.",
            "expert": "They use 7 * 3.75 = 26.25 litres, which leaves 40 - 26.25 = 13.75 litres.",
        },
        ends=answered("mini: arithmetic", "flash: arithmetic", "expert", says="13.75"),
    ),
)

HARD = (
    Scene(
        title="a plain question",
        task="default",
        question="What is the capital of Australia?",
        says={"mini": "Canberra."},
        ends=answered("mini", says="Canberra"),
    ),
    Scene(
        title="beyond the mini",
        task="default",
        question="Why do aircraft wings stall at a critical angle of attack rather than at a critical speed?",
        says={
            "mini": "I am not sure about that.",
            "general": "Separation depends on the pressure gradient over the wing, which the angle sets, not the speed.",
        },
        ends=answered("mini: refusal", "general", says="gradient"),
    ),
    Scene(
        title="beyond two of them",
        task="default",
        question="Which of Hilbert's problems was shown to be undecidable, and by whom?",
        says={
            "mini": "I don't know.",
            "general": "I'm not certain which one is meant.",
            "expert": "The tenth, by Matiyasevich in 1970, on work of Davis, Putnam and Robinson.",
        },
        ends=answered("mini: refusal", "general: refusal", "expert", says="Matiyasevich"),
    ),
)

