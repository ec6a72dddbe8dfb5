"""What keeps a poor answer from a caller: rules, mended JSON, models that must agree, masks, filters, a race, and a person."""

from taskfit.demo.scene import Ending, Says, Scene, answered
from taskfit.demo.scenes import INVOICE
from taskfit.testing import Fault, SeenRequest

SALES = {"x-taskfit-surface": "sales-tax"}
QUIZ = {"x-taskfit-surface": "quiz"}
CLAIMS = {"x-taskfit-surface": "claims"}
TAX_DESK = {"x-taskfit-surface": "tax-desk"}
LIVE = {"x-taskfit-surface": "live"}
LETTERS = {"x-taskfit-surface": "letters"}
PAIR = "mini + flash"
SECRETS = ("Mara Lindt", "mara.lindt@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00")
CUSTOMER = (
    {"role": "user", "content": f"From {SECRETS[1]}: refund card {SECRETS[2]}, or transfer it to {SECRETS[3]}, please."},
    {"role": "assistant", "content": "Understood."},
)


def _sale(seller: str, buyer: str, tax_code: str) -> str:
    return f'{{"seller": {{"state": "{seller}"}}, "buyer": {{"state": "{buyer}"}}, "total": 84500, "tax_code": "{tax_code}"}}'


def _reply_to(seen: SeenRequest) -> str:
    """Repeats what it was told, which must be none of it as it was."""
    said = next(message for message in seen.prompt.splitlines() if "refund card" in message)
    if any(secret in seen.raw.decode() for secret in SECRETS[1:]):
        return "A model has seen personal data."
    return f"We have your message. {said.strip()}"


RULES = (
    Scene(
        title="a sale within a state",
        task="sales-tax",
        question="File this sale as JSON: seller in Goa, buyer in Goa, 84,500 rupees.",
        headers=SALES,
        says={"mini": _sale("Goa", "Goa", "CGST")},
        ends=answered("mini", says="CGST"),
    ),
    Scene(
        title="the wrong tax code",
        task="sales-tax",
        question="File this sale as JSON: seller in Goa, buyer in Kerala, 84,500 rupees.",
        headers=SALES,
        says={"mini": _sale("Goa", "Kerala", "CGST"), "general": _sale("Goa", "Kerala", "IGST")},
        ends=answered("mini: rules", "general", says="IGST"),
    ),
    Scene(
        title="JSON that is almost right",
        task="extraction",
        question="Extract number, total and currency: Invoice RE-77121 of 9 March, total due EUR 912.00 within 30 days.",
        body={"response_format": INVOICE},
        says={"flash": "Here it is:\n```json\n{'number': 'RE-77121', 'total': 912.0, 'currency': 'EUR',}\n```"},
        ends=answered("flash", says='"RE-77121"', is_mended=True),
    ),
    Scene(
        title="JSON without its total",
        task="extraction",
        question="Extract number, total and currency: Invoice RE-77122 of 11 March, EUR 45.10 due, EUR 4.90 discount taken.",
        body={"response_format": INVOICE},
        says={
            "flash": '{"number": "RE-77122", "currency": "EUR"}',
            "general": '{"number": "RE-77122", "total": 45.1, "currency": "EUR"}',
        },
        ends=answered("flash: json_schema", "general", says="45.1"),
    ),
)

SEVERAL = (
    Scene(
        title="two that agree",
        task="quiz",
        question="How many bones has an adult human? Answer with a number.",
        headers=QUIZ,
        says={"mini": "The answer is 206.", "flash": "206"},
        ends=answered(PAIR, says="206", by="mini"),
    ),
    Scene(
        title="two that do not",
        task="quiz",
        question="How many moons had Mars in 1876, as far as anybody knew? Answer with a number.",
        headers=QUIZ,
        says={"mini": "2", "flash": "1", "expert": "0"},
        ends=answered(f"{PAIR}: agree", "expert", says="0"),
    ),
    Scene(
        title="one that hangs, raced",
        task="live",
        question="Is the ferry to Saaremaa running today?",
        headers=LIVE,
        says={"mini": Fault.hang(), "general": "By its timetable it leaves every 35 minutes until 22:00."},
        ends=answered("mini: called off", "general", says="35 minutes"),
    ),
)


class _FailsOnce:
    """A model that is in trouble at its first call only."""

    def __init__(self, fault: Fault, said: str) -> None:
        self._fault = fault
        self._said = said
        self._has_failed = False

    def __call__(self, seen: SeenRequest) -> str | Fault:
        if self._has_failed:
            return self._said
        self._has_failed = True
        return self._fault


def _alone(title: str, question: str, says: Says, why: str) -> Scene:
    """A request for one model, which then is called again."""
    return Scene(
        title=title, task="default", model="expert", question=question, says={"expert": says},
        ends=answered(f"expert: {why}", "expert", says="in all"),
    )  # fmt: skip


PATIENCE = (
    _alone(
        "no other model, so once more",
        "How many keys has a grand piano?",
        _FailsOnce(Fault.status(503), "88 in all."),
        "upstream_overloaded",
    ),
    _alone(
        "a rate limit, waited for",
        "How many squares has a chessboard, of the smallest kind?",
        _FailsOnce(Fault.status(429, retry_after="0.2"), "64 in all."),
        "upstream_rate_limited",
    ),
)

PEOPLE = (
    Scene(
        title="personal data, masked",
        task="claims",
        question="Confirm to the customer in one line what they ask for.",
        before=CUSTOMER,
        headers=CLAIMS,
        says={"mini": _reply_to},
        ends=answered("mini", says=CUSTOMER[0]["content"], masked=("card", "email", "iban")),
    ),
    Scene(
        title="a question for the desk",
        task="tax-desk",
        question="Is the tax on a printed book lower than on an e-book?",
        headers=TAX_DESK,
        says={"general": "In most of the EU both have the reduced rate since 2018."},
        ends=answered("rule: passed", "general", says="reduced rate"),
    ),
    Scene(
        title="one that is not",
        task="tax-desk",
        question="Who will win the cup final?",
        headers=TAX_DESK,
        ends=answered("rule", says="This desk answers questions on tax."),
    ),
    Scene(
        title="a letter, approved by a person",
        task="letters",
        question="Write the sentence that tells Mr Osei that his claim is paid.",
        headers=LETTERS,
        says={"general": "Your claim is settled in full, and the money will be with you within five days."},
        decision="approve",
        ends=Ending(tried=("general",), status=202, outcome="in_review", says="settled in full"),
    ),
)
