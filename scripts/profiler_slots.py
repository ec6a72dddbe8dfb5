"""What stands in the slots of the templates, and the materials that requests are about; made up here. See
scripts/profiler_templates.py.

Every kind gets the same materials, so that the model learns what is asked and not what it is asked about.
"""

# ruff: noqa: E501  # what belongs to one slot stands on one line

from collections.abc import Mapping
from typing import Final


def _lines(text: str) -> tuple[str, ...]:
    return tuple([line for line in text.strip().split("\n") if line])


MATERIAL: Final = _lines("""
I was charged twice in March and nobody answers my mails.
The parcel has not arrived although the tracking page says delivered.
Our quarterly revenue rose by eight percent while costs stayed flat.
The council met on Tuesday and postponed the decision about the bridge.
Dear team, the kick-off moves to Thursday at ten because the room is taken.
The zip broke after two days, but the colour is lovely.
Invoice 4711 of 3 May over 1,250.00 EUR is due within 14 days.
Anna met Tom in Lyon, where Siemens opened a new office in 2019.
Patients who slept less than six hours recovered more slowly in our study.
The app crashes whenever I upload a photo from my gallery.
Shares of the carmaker fell after the announcement of a recall.
Please cancel my subscription and confirm it in writing.
We cannot accept your return because the seal is broken.
The tenant shall give notice three months before the end of the term.
She walked down the old road, and the wind carried the smell of rain.
The heating in room 12 has been broken since Monday.
John Smith, 14 Baker Street, London, called about his password.
Water boils at a lower temperature on high mountains.
The new policy requires every employee to take part in a training once a year.
I love this phone, best purchase of the year!
The delivery was late and the food was cold.
Minutes: budget moved to the third quarter, hiring paused, next call on Friday.
The museum opens at nine and closes at six, except on Mondays.
Temperature 38.5, cough for three days, ibuprofen 400 mg twice a day.
im writting to ask weather the job is still availible
The train to Berlin leaves at nine from platform four.
Wir haben Ihre Bestellung erhalten und melden uns in Kürze.
Le colis est arrivé en retard et la boîte était ouverte.
El pedido llegó tarde y faltaba una pieza.
The battery lasts for about four hours, which is less than advertised.
Two cups of flour, one egg and a pinch of salt are mixed in a bowl.
The committee proposes to raise the fee from 40 to 45 euros.
""")

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "doc": _lines("e-mail\nticket\narticle\nreport\nmessage\ncontract\nletter\nnote\nreview\ntranscript\ninvoice\npost"),
    "labels": _lines(
        "billing, technical, account\ncomplaint, praise, question\nspam, ham\nsports, politics, science\nrefund or delivery\nhigh, medium, low\n"
        "bug, feature, question\nfood, travel, rent"
    ),
    "thing": _lines(
        "bicycle\nlamp\nlaptop\numbrella\ncoffee machine\npassport\napple\nguitar\nchair\nticket\nphone\npencil\ndragon\nboat\ncamera\nsofa"
    ),
    "topic": _lines(
        "photosynthesis\nremote work\ninflation\nclimate change\nthe sea in autumn\nmachine learning\nsleep\nvolcanoes\nloneliness\n"
        "online marketing\nthe Roman empire\nrenewable energy\nchess\ndata protection\nhuman rights\ncooking"
    ),
    "place": _lines("Lisbon\nJapan\nAustralia\nParis\nNorway\nBerlin\nKenya\nthe Alps\nBrazil\nNew York\nIndia\nRome"),
    "name": _lines("Anna\nMaria\nBen\nAhmed\nMs Tanaka\nPaul\nPriya\nSofia\nDavid\nLena"),
    "aud": _lines("a child\nexecutives\nmy boss\nbeginners\ntwo adults\na teenager\nour customers\nexperts\nmy grandmother\nthe board"),
    "lang": _lines("German\nFrench\nSpanish\nJapanese\nItalian\nChinese\nPortuguese\nDutch\nPolish\nArabic\nKorean\nTurkish"),
    "q": _lines(
        "what caused the delay?\nwho is responsible for the budget?\nwhen does the museum open?\nhow long is the notice period?\n"
        "where was the office opened?\nwhich product was returned?"
    ),
    "pl": _lines("Python\nJavaScript\nTypeScript\nGo\nRust\nJava\nC++\nRuby\nKotlin\nPHP"),
    "does": _lines(
        "reverses a linked list\nreads a CSV file and sums a column\nchecks whether a string is a palindrome\nretries a request with backoff\n"
        "deletes files older than a week\nmerges two sorted lists\nparses a date\nreturns the median\nvalidates an e-mail address\n"
        "uploads a file"
    ),
    "code": (
        "```\ndef total(items):\n    return sum(i.price for i in items)\n```",
        "```python\nfor i in range(len(xs)):\n    if xs[i] = 3:\n        print(xs[i])\n```",
        "const load = async () => {\n  const r = await fetch(url);\n  return r.json;\n};",
        "public class Cart {\n  private List<Item> items;\n  public void add(Item item) { items.add(item); }\n}",
        "fn main() {\n    let v = vec![1, 2, 3];\n    let w = v;\n    println!(\"{:?}\", v);\n}",
        "SELECT name, count(*) FROM users WHERE age > 30 GROUP BY name;",
        "if (user == null) { return user.name; }",
    ),
    "n": tuple([str(number) for number in range(2, 13)]),
    "num": ("14", "37", "48", "120", "256", "1,250", "19.99", "3600", "75", "812"),
}

INSTRUCTIONS: Final = _lines("""
You are a helpful assistant.
You are the assistant of an online shop. Be brief and polite.
Answer in the language of the user.
You are an expert. Think carefully before you answer.
Du bist ein hilfreicher Assistent.
Tu es un assistant utile.
Follow the rules of the house. Never mention competitors.
Respond in Markdown.
""")
"""What stands above requests of any kind, and says nothing of it."""

OPENINGS: Final = _lines("Please \nHi, \nHello! \nCan you help me? \nQuick one: \nhey \nBitte: \nurgent!! \nI have a task for you. ")
CLOSINGS: Final = _lines(" Thanks! \n Thank you\n Be concise.\n Keep it short.\n Answer in English.\n Danke!\n No explanations.")
