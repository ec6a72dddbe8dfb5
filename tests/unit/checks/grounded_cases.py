# ruff: noqa: E501  # an answer in a line
"""Answers to questions about short sources, labelled by hand: does everything in them stand in the source?

`TUNED` were looked at while the check was written. `HELD_OUT` were written before it ran for the first time, and looked at once it
was done with the others: 17 of its 17 unfounded answers were rejected then, and 1 of its 19 founded ones (12,450, said to be about
12,500: a five is now rounded either way). `UNSEEN` are wrong in ways that looking words up cannot see.
"""

from typing import NamedTuple

WARRANTY = """The Aurora X200 vacuum cleaner comes with a limited warranty of 24 months from the date of purchase. The battery is covered
for 12 months. Damage caused by water or by repairs made by third parties is not covered. To make a claim, customers must register
the product at support.aurora-home.example within 30 days and keep the original receipt. Shipping to the service centre in Leipzig
is free of charge; returns from outside the European Union cost 14.90 euros. Average handling time was 6 days in 2023."""

RESULTS = """Nordwind Energy reported revenue of $4.2 billion for fiscal 2023, up from $3.9 billion a year earlier, driven by offshore
wind in the North Sea. Net income fell 8% to $310 million because of higher interest rates and a write-down on the Gotland project.
"We expect margins to recover in the second half of next year," said chief executive Ingrid Halvorsen. The company employs 12,450
people in seven countries and plans to commission the 900-megawatt Brage II park on 15 March 2025. The board proposed a dividend
of $0.45 per share."""

CLINIC = """Trial NCT04512345 enrolled 642 adults with type 2 diabetes at 38 sites in Canada and Denmark between May 2019 and August
2021. Participants received either semaglutide 2.4 mg once weekly or placebo for 68 weeks, together with lifestyle counselling.
Mean body weight fell by 9.6% with semaglutide and by 3.4% with placebo. Nausea was reported by 33.7% of the treated patients and
9.2% of the controls. Two deaths occurred, neither considered related to the drug. The study was funded by Novo Nordisk and led by
Dr. Melanie Davies of the University of Leicester."""

HISTORY = """The lighthouse at Cape Brett was first lit on 21 February 1910. It was built of cast iron in Auckland, shipped in sections and
hauled up the cliff by a tramway. Three families lived there until the station was automated in 1978. The tower is 14 metres high and
stands 149 metres above the sea. Robert Wilson, the last principal keeper, left in August 1978 and later wrote "the wind was our
clock and the sea our calendar". Today the Department of Conservation runs a hut for hikers in the former keeper's house."""

POLICY = """Employees may work from home up to three days a week after six months of service. Requests are approved by the line
manager and reviewed every quarter. Staff in the Dublin and Porto offices must be present on Tuesdays. Equipment worth up to EUR 600
is reimbursed once every two years on presentation of an invoice (form HR-117). Working from abroad is limited to 20 days per
calendar year and needs the approval of the tax department. The policy took effect on 1 July 2022."""

TICKET = """Order 58213-B was placed on 2024-11-02 by Priya Raman for two standing desks (oak, 160 x 80 cm) and one monitor arm. The total
was $1,148.00 including $92.00 shipping. One desk arrived on 9 November with a cracked leg. The customer sent three photos and asked
for a replacement leg rather than a refund. The warehouse in Reno has four legs in stock. Our carrier, Fastlane Freight, accepted
liability on 12 November under claim FF-90871."""


class Case(NamedTuple):
    source: str
    question: str
    answer: str
    is_grounded: bool


TUNED = (
    Case(WARRANTY, "How long is the warranty?", "The warranty lasts 24 months from the date of purchase, and the battery is covered for 12 months.", True),
    Case(WARRANTY, "How long is the warranty?", "The warranty lasts 36 months from the date of purchase.", False),
    Case(WARRANTY, "Is water damage covered?", "No. Damage caused by water is not covered, nor are repairs made by third parties.", True),
    Case(WARRANTY, "What must I do to claim?", "You need to register the product within 30 days and keep the original receipt.", True),
    Case(WARRANTY, "What must I do to claim?", "Call our hotline at 0800 555 123 and ask for Sabine Krause.", False),
    Case(WARRANTY, "What do returns cost?", "Shipping to the Leipzig service centre is free; from outside the European Union, returns cost €14.90.", True),
    Case(RESULTS, "Summarise the results.", "- Revenue rose from $3.9 billion to $4.2 billion in fiscal 2023.\n- Net income declined 8% to $310 million.\n- A dividend of $0.45 per share was proposed.", True),
    Case(RESULTS, "Summarise the results.", "Revenue was $4.2 billion. Net income fell 8% to $310 million. The company also announced a $500 million share buyback.", False),
    Case(RESULTS, "Who runs the company?", "Nordwind Energy is led by chief executive Ingrid Halvorsen.", True),
    Case(RESULTS, "Who runs the company?", "Nordwind Energy is led by chief executive Erik Lindqvist.", False),
    Case(RESULTS, "What did the CEO say?", 'Halvorsen said: "We expect margins to recover in the second half of next year."', True),
    Case(RESULTS, "What did the CEO say?", 'Halvorsen said that "margins will reach a record level next year".', False),
    Case(CLINIC, "How many took part?", "The trial enrolled 642 adults with type 2 diabetes across 38 sites in Canada and Denmark.", True),
    Case(CLINIC, "What were the side effects?", "Nausea was the most notable side effect: 33.7% of treated patients reported it, compared with 9.2% of the controls.", True),
    Case(CLINIC, "What were the side effects?", "Common side effects included nausea, pancreatitis and gallstones, which often required hospital admission and surgery.", False),
    Case(CLINIC, "Who led it?", "It was led by Melanie Davies at Leicester and funded by Novo Nordisk.", True),
    Case(CLINIC, "When was it?", "The study ran from May 2019 to August 2021.", True),
    Case(CLINIC, "When was it?", "The study ran from March 2018 to August 2021.", False),
    Case(HISTORY, "When was it lit?", "The Cape Brett lighthouse was first lit on February 21, 1910.", True),
    Case(HISTORY, "When was it lit?", "The Cape Brett lighthouse was first lit on 27 February 1910.", False),
    Case(HISTORY, "Who was the last keeper?", "The last principal keeper was Robert Wilson, who left in August 1978.", True),
    Case(HISTORY, "Who was the last keeper?", "The last principal keeper was Robert Watson, who left in August 1978.", False),
    Case(POLICY, "How often may I work from home?", "After six months of service you may work from home up to 3 days a week, with your line manager's approval.", True),
    Case(POLICY, "What about equipment?", "Equipment up to EUR 600 is reimbursed every two years; use form HR-117 and attach the invoice.", True),
    Case(POLICY, "What about equipment?", "Equipment up to EUR 600 is reimbursed every two years; use form HR-171 and attach the invoice.", False),
    Case(TICKET, "What happened?", "Priya Raman ordered two standing desks and a monitor arm on November 2, 2024. One desk arrived with a cracked leg on 9 November, and she asked for a replacement leg instead of a refund.", True),
    Case(TICKET, "What happened?", "Priya Raman ordered two standing desks on 2 December 2024, and one arrived with a scratched table top.", False),
    Case(TICKET, "What next?", "Send one of the four legs in stock at the Reno warehouse. Fastlane Freight has accepted liability under claim FF-90871.", True),
)  # fmt: skip

HELD_OUT = (
    Case(WARRANTY, "How fast is it?", "In 2023 the average handling time was 6 days.", True),
    Case(WARRANTY, "How fast is it?", "Handling takes 10 working days on average.", False),
    Case(WARRANTY, "Where do I register?", "Register at support.aurora-home.example within thirty days of the purchase.", True),
    Case(WARRANTY, "Where do I register?", "Register at https://www.aurora-warranty.example/claims within 30 days.", False),
    Case(WARRANTY, "Does it cover the battery?", "Yes, the battery has a cover of twelve months.", True),
    Case(WARRANTY, "What is not covered?", "Scratches, lost accessories and commercial use in hotels are excluded from the guarantee.", False),
    Case(RESULTS, "How many employees?", "It has about 12,500 employees in seven countries.", True),
    Case(RESULTS, "How many employees?", "It has 21,450 employees in seven countries.", False),
    Case(RESULTS, "Why did income fall?", "Higher interest rates and a write-down on the Gotland project pushed net income down.", True),
    Case(RESULTS, "Why did income fall?", "A strike at the Rotterdam terminal and a cyber attack pushed net income down.", False),
    Case(RESULTS, "What is planned?", "The Brage II park, with 900 megawatts, is due to be commissioned on March 15, 2025.", True),
    Case(RESULTS, "What is planned?", "The Brage III park, with 900 megawatts, is due in 2027.", False),
    Case(CLINIC, "What was the effect?", "Body weight fell by 9.6% on average with semaglutide against 3.4% with placebo.", True),
    Case(CLINIC, "What was the effect?", "Body weight fell by 14.9% on average with semaglutide.", False),
    Case(CLINIC, "Was it safe?", "Two deaths occurred, but neither was considered related to the drug.", True),
    Case(CLINIC, "What was given?", "Patients took 2.4 mg of semaglutide weekly, or a placebo, for 68 weeks.", True),
    Case(CLINIC, "Who paid?", "The trial was sponsored by Eli Lilly.", False),
    Case(CLINIC, "Where?", "The 38 sites were in Canada and Denmark.", True),
    Case(HISTORY, "How high is it?", "The tower is 14 metres tall, and it stands 149 metres above sea level.", True),
    Case(HISTORY, "How high is it?", "The tower is 41 metres tall.", False),
    Case(HISTORY, "How was it built?", "It was cast in iron in Auckland, shipped in sections, and hauled up the cliff on a tramway.", True),
    Case(HISTORY, "How was it built?", "Convicts quarried the granite on site, and oxen dragged the blocks to the summit.", False),
    Case(HISTORY, "What did Wilson write?", 'Wilson wrote that "the wind was our clock and the sea our calendar".', True),
    Case(HISTORY, "What did Wilson write?", 'Wilson wrote that "the loneliness was worse than any storm".', False),
    Case(POLICY, "May I work abroad?", "Working from abroad is possible for up to 20 days per calendar year if the tax department approves.", True),
    Case(POLICY, "May I work abroad?", "Working from abroad is possible for up to 45 days per calendar year.", False),
    Case(POLICY, "Which offices?", "Staff in Dublin and Porto have to be in the office on Tuesdays.", True),
    Case(POLICY, "Which offices?", "Staff in Dublin and Lisbon have to be in the office on Tuesdays.", False),
    Case(POLICY, "Since when?", "The policy has been in effect since 1 July 2022.", True),
    Case(POLICY, "Since when?", "The policy has been in effect since July 2021.", False),
    Case(TICKET, "How much was it?", "The order came to $1,148, of which $92 was for shipping.", True),
    Case(TICKET, "How much was it?", "The order came to $1,184.00.", False),
    Case(TICKET, "Who is liable?", "The carrier, Fastlane Freight, accepted liability on 12 November.", True),
    Case(TICKET, "Who is liable?", "The carrier, DHL, accepted liability on 12 November.", False),
    Case(TICKET, "What does the customer want?", "She wants a replacement leg, not her money back.", True),
    Case(TICKET, "What does the customer want?", "She demands a full refund, compensation for her lost working time, and a written apology from the director.", False),
)  # fmt: skip

UNSEEN = (
    Case(RESULTS, "How did income do?", "Net income rose 8% to $310 million.", False),
    Case(WARRANTY, "How long?", "The battery is covered for 24 months, the vacuum cleaner for 12 months.", False),
    Case(WARRANTY, "Is water damage covered?", "Damage caused by water is covered.", False),
    Case(CLINIC, "What was the effect?", "Body weight fell by 3.4% with semaglutide and by 9.6% with placebo.", False),
)  # fmt: skip
