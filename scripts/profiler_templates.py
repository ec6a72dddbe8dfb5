"""The sentences that the shipped model of the profiler `linear` is trained on: made up here, one template a line.

A word in braces is a slot (scripts/profiler_slots.py). Several templates of one kind differ in their words, not in their slots,
so that what is held out is held out by whole templates. No sentence of a data set is in here.
"""

from collections.abc import Mapping
from typing import Final

from taskfit.values.profile import Kind

ENGLISH: Final[Mapping[Kind, str]] = {
    "classification": r"""
Classify the following {doc} as {labels}.\n\n{m}
Which of these categories fits best: {labels}?\n\n{m}
Label this {doc} with exactly one of: {labels}.\n{m}
Is the sentiment of this review positive, negative or neutral?\n\n{m}
Decide whether this {doc} is urgent or not. Answer with one word.\n\n{m}
Does this message contain spam? Yes or no.\n\n{m}
Assign a topic ({labels}) to the {doc} below and return only the topic.\n\n{m}
Route this ticket to the right team: {labels}.\n\n{m}
What is the intent of this customer message?\nOptions: {labels}\n\nMessage: {m}
You are a ticket triage bot. Reply with one label out of {labels}. {m}
Rate the tone of this {doc} as friendly, neutral or hostile: {m}
Sort the items into {labels}:\n- {thing}\n- {thing}\n- {thing}
Text: {m}\nLabel ({labels}):
Tell me if the review is positive or negative. {m}
Determine the priority (low, medium, high) of the incident.\n{m}
Tag the {doc} with all labels that apply from this list: {labels}\n\n{m}
Return JSON {"label": ...} where label is one of {labels}.\n\n{m}
Mark each sentence as fact or opinion.\n{m}
Is this comment toxic? Respond only with true or false.\n{m}
Choose the department that should handle the {doc}: {labels}. {m}
Detect the emotion in the text: anger, joy, sadness or fear.\n\n{m}
Does the {doc} belong to {labels}? Pick one.\n\n{m}
Categorise my bank transactions by {labels}: {num} {thing}, {num} {thing}
Given the {doc}, output the class number only. 0 = {thing}, 1 = {topic}, 2 = none. {m}
""",
    "extraction": r"""
Extract the names, dates and amounts from this {doc}.\n\n{m}
Pull out all e-mail addresses and phone numbers from the text.\n{m}
List every company mentioned in the {doc} below.\n\n{m}
Find all mentions of {thing} in the text and return them as a JSON array.\n\n{m}
From the {doc} below, fill these fields: invoice_number, date, total, vendor.\n\n{m}
Parse this address into street, city, postcode and country: {m}
Return a JSON object with the keys name, company, role and email.\n\n{m}
What dates are mentioned in this {doc}? List them in ISO format.\n\n{m}
Get the order number, the product and the reason for return out of this message:\n{m}
Identify all persons, places and organisations in the text.\n{m}
Copy out every deadline that this {doc} names.\n\n{m}
Turn this {doc} into a table with the columns item, quantity and price.\n{m}
Which drugs and dosages are named in the note? Output one per line.\n{m}
Read the {doc} and give me the total amount due and the due date only.\n\n{m}
Convert the receipt into structured data.\n\n{m}
Output only the values for sender, recipient and subject. {m}
Collect all requirements stated in the {doc} as a bullet list, word for word.\n{m}
Named entity recognition: tag PERSON, ORG, LOC in\n{m}
Give me the list of ingredients contained in this recipe text.\n{m}
Retrieve the tracking number from the following mail. {m}
Scan this contract for the termination clause and quote it.\n{m}
Fill in the schema {"price": number, "currency": string} from the text: {m}
Extract keywords from this abstract: {m}
List all the action items and who owns them from the transcript.\n\n{m}
""",
    "rewriting": r"""
Rewrite the following {doc} so that it sounds more professional.\n\n{m}
Make this {doc} shorter and friendlier:\n\n{m}
Fix the grammar and spelling: {m}
Proofread this {doc} and return the corrected version only.\n\n{m}
Rephrase this sentence: {m}
Paraphrase the paragraph without changing the meaning.\n{m}
Can you improve the wording of this {doc}? {m}
Please edit my {doc} for clarity and flow.\n\n{m}
Change the tone of this message to be more polite.\n\n{m}
Simplify this text for {aud}: {m}
Turn these notes into full sentences.\n{m}
Put this into plain English: {m}
Reword this so it doesn't sound so aggressive: {m}
Convert the passive sentences to active voice.\n{m}
Make the text less formal. {m}
Polish this {doc} before I send it to {aud}.\n{m}
Cut this down to {n} words but keep every fact in it.\n{m}
Correct all mistakes in my {doc}: {m}
Restate the following for {aud}.\n\n{m}
I wrote this {doc}; it is clumsy. Smooth it out please. {m}
Write this again in the style of {aud}: {m}
Expand this bullet list into a paragraph.\n{m}
Remove the jargon from this paragraph. {m}
Copy-edit the text below; British spelling.\n{m}
""",
    "summarisation": r"""
Summarize the following {doc} in {n} sentences.\n\n{m}
Give me a summary of this {doc} for {aud}.\n\n{m}
What are the key points of this {doc}?\n\n{m}
tl;dr\n\n{m}
Write an executive summary of the {doc} below.\n{m}
Condense this thread into a short paragraph.\n{m}
Boil this down to the essentials: {m}
List the main takeaways from the meeting.\n\n{m}
Sum up the article in one sentence.\n{m}
Provide a brief overview of the {doc}, no more than {n} bullet points.\n\n{m}
{m}\n\nSummarise the above.
{m}\n\nIn short, what does this {doc} say?
Write an abstract for this paper: {m}
What is the gist of this {doc}? {m}
Shorten the {doc} to its main ideas.\n\n{m}
Recap what was decided in this conversation.\n{m}
Create a headline and a two-line teaser for this article.\n{m}
Give a bullet-point digest of today's {doc}: {m}
Read this and tell me what it is about in {n} lines.\n\n{m}
Summary of the following text:\n{m}
Catch me up on this thread, I missed it.\n{m}
Produce minutes from this transcript.\n\n{m}
Explain briefly what the {doc} concludes.\n{m}
Make a one-page synopsis of the {doc}. {m}
""",
    "dialogue": r"""
Hi there! How are you doing today?
Hello, nice to meet you. My name is {name}.
Good morning! Ready for another day?
Let's have a chat about {topic}.
I feel a bit down today and just want to talk.
Pretend you are {name}, a shopkeeper in {place}, and stay in character.
Let's role-play: you are the interviewer and I apply for a job in {topic}.
Thank you so much, that was really helpful!
You are my friend {name}. I just told you that I got a new job. React.
What do you like to do at the weekend?
I had a terrible day at work, my boss shouted at me again.
Do you ever get bored of answering questions?
Tell me something nice about yourself.
I'm so excited, tomorrow I fly to {place}!
Act as a therapist and ask me about my feelings.
hey, what's up
Good night, talk to you tomorrow
I miss {name}. We used to talk every day.
You sound grumpy today, are you alright?
Can we just talk for a while? I can't sleep.
Be a grumpy pirate and answer everything I say.
I don't know what to do with my life any more.
That made me laugh, haha. And what about you?
My cat died yesterday and I can't stop crying.
Hello! I would like to practise my {lang} with you, ask me something easy.
""",
    "question_answering": r"""
What is the capital of {place}?
Who invented the {thing}?
When did {name} become president?
Where can I find the {thing} in {place}?
Using only the passage below, answer the question.\n\nPassage: {m}\n\nQuestion: {q}
Context: {m}\n\nQ: {q}\nA:
According to the {doc}, {q}\n\n{m}
How tall is the highest mountain in {place}?
What does {topic} mean?
What is the difference between {thing} and {topic}?
Which year did the war in {place} end?
Explain what {topic} is.
Why is the sky blue?
How does a {thing} work?
Which of the following is true about {topic}?\nA) {thing}\nB) {place}\nC) {name}\nD) none of these
{q}
Can dogs eat {thing}?
Do I need a visa for {place}?
What are the symptoms of {topic}?
How long does it take to learn {lang}?
Based on the context, {q} If the answer is not in the context, say so.\n\n{m}
What is the population of {place}?
Is it legal to bring {thing} into {place}?
What time zone is {place} in?
Who wrote the book about {topic}?
Define {topic}.
Answer from our handbook: {q}\n\n{m}
Is {thing} good for {topic}?
""",
    "reasoning": r"""
All {thing}s are red. Some red things are heavy. Does it follow that some {thing}s are heavy?
Solve this riddle: {m}
Three people each tell one lie. Who stole the {thing}? Think step by step.
Weigh the pros and cons of {topic} for a small company.
If {name} is taller than Tom and Tom is taller than Eva, who is the shortest?
Which conclusion follows from these premises?\n1. {m}\n2. {m}
What is the most likely root cause? {m}
Find the flaw in this argument: {m}
Should we buy or rent a {thing}? Reason about the trade-offs.
Exactly one of these statements is true. Which one?\nA: {name} has the {thing}.\nB: B is false.\nC: A is true.
A man is found dead in a room with a puddle. Work out what happened.
Compare the two options and argue which one is better for {aud}: {thing} or {topic}.
Five houses stand in a row. The owner of the {thing} lives next to {name}. Who owns the fish?
If it rains, the {thing} gets wet. The {thing} is not wet. What can be inferred?
What would happen to {topic} if prices doubled? Think through second-order effects.
Evaluate the evidence for and against this hypothesis: {topic} causes {topic}.
Given the clues, deduce who sits where.\n- {name} is not beside Tom.\n- Eva has the {thing}.
Complete the pattern and say why: red, blue, blue, red, blue, ?
Is this syllogism valid? No {thing} is a {topic}. All {topic} are old.
What assumptions does this claim rest on? {m}
Puzzle: you have a fox, a goose and a {thing} and one boat. How do you cross the river?
Knights always tell the truth and knaves always lie. A says B is a knave. What is B?
Which option must be true if the survey of {place} is right? Explain your logic.
Counterfactual: had {name} not sold the {thing}, what would be different?
""",
    "mathematics": r"""
What is {num} x {num}?
Calculate {num} percent of {num}.
Solve for x: {n}x + {num} = {num}.
{name} has {num} {thing}s and gives away {n}. How many are left?
Compute the derivative of x^{n} + {n}x.
What is the integral of sin(x) from 0 to pi?
Prove that the square root of {n} is irrational.
A train travels {num} km in {n} hours. What is its average speed?
If a {thing} costs ${num} and is reduced by {n}%, what does it cost?
Find the area of a triangle with sides {n}, {n} and {n}.
How many ways are there to arrange {n} {thing}s in a row?
What is the probability of rolling two sixes with {n} dice?
Simplify the expression ({n}a + {n}b)^2.
Factorise x^2 - {num}x + {n}.
What is the remainder when {num} is divided by {n}?
{num} + {num} * {n} - {num} / {n} = ?
The sum of two numbers is {num} and their difference is {n}. What are the numbers?
Evaluate \frac{{num}}{{n}} + \sqrt{{num}}.
How much interest do I pay on {num} euros at {n} % over {n} years?
Determine the eigenvalues of the matrix [[{n}, {n}], [{n}, {n}]].
A shop sells {thing}s in packs of {n}. How much do {num} cost if each pack is ${n}?
Convert {num} miles to kilometres.
{name} earns ${num} an hour and works {n} hours each day. How much does {name} earn in {n} weeks?
What is the least common multiple of {n} and {num}?
Show that the series converges: sum of 1/k^{n}.
A rectangle is {n} m longer than it is wide, its perimeter is {num} m. Find its width.
The ratio of boys to girls is {n}:{n} and there are {num} children in total. How many girls are there?
""",
    "code": r"""
Write a {pl} function that {does}.
Implement {does} in {pl}.
Why does this code throw an error?\n\n{code}
Refactor this function:\n{code}
Fix the bug in my {pl} script.\n\n{code}
Give me a regex that matches {thing} numbers.
Write a SQL query that returns the ten customers with the most orders.
Add unit tests for this class.\n{code}
What does this snippet do?\n{code}
Convert this {pl} code to {pl}.\n{code}
How do I sort a list of objects by two fields in {pl}?
Create a Dockerfile for a {pl} service.
Optimise this query, it is slow: SELECT * FROM orders o JOIN users u ON u.id = o.user_id
Review this pull request diff:\n{code}
I get "undefined is not a function" in my React component.
Write a bash script that {does}.
Generate type hints and docstrings for\n{code}
Design a REST endpoint that {does}.
Make a GitHub Actions workflow which runs pytest on every push.
{code}\n\nHow can I make this faster?
Complete this function:\n{code}
Explain this stack trace:\nTraceback (most recent call last):\n  File "app.py", line {n}\nKeyError: '{thing}'
My kubernetes pod is stuck in CrashLoopBackOff, here is the yaml.
Write a class for a {thing} with methods to add and remove in {pl}.
Use pandas to group the dataframe by {thing} and plot it.
Debug: {code}
How can I undo the last git commit without losing my changes?
Build a small web page in HTML and CSS that shows {topic}.
""",
    "planning": r"""
Plan a {n}-day trip to {place} for {aud}.
Make me a study plan for the exam in {topic} in {n} weeks.
Create a project plan with milestones for {topic}.
Draw up a weekly meal plan without {thing}.
What should I do first, second and third to launch a {topic} business? Give me a timeline.
Schedule these tasks for next week: {thing}, {topic}, {thing}.
Outline a roadmap for moving our {topic} team to {place}.
Prepare an agenda for a workshop on {topic}.
Organise a birthday party for {n} children: budget, tasks and schedule.
Build a {n}-week training programme for a marathon.
Give me a step-by-step checklist for moving to {place}.
Propose an itinerary for a long weekend in {place}.
Break this goal down into tasks with owners and deadlines: {topic}.
Help me plan my day, I have {n} meetings and must write a {doc}.
Draft an onboarding schedule for a new colleague in {topic}.
Set up a savings plan so that I can buy a {thing} in {n} years.
How should we stage the rollout of {topic}? Give phases and dates.
Put together a launch plan for our new {thing}.
I want to learn {lang} in {n} months, what should my weekly routine look like?
Create a content calendar about {topic} for March.
Split the work on the {doc} among {n} people.
Plan a road trip from {place} to {place} with stops every {num} km.
Give me a workout routine for {n} days a week.
Arrange a seating and catering plan for {num} guests.
""",
    "creative_writing": r"""
Write a poem about {topic}.
Tell me a bedtime story about a {thing} that could fly.
Write a short story set in {place}.
Compose a haiku about {thing}.
Come up with a slogan for a company that sells {thing}.
Write the lyrics of a song about {name} and {place}.
Invent a name and a tagline for a café about {topic}.
Write a dialogue between a {thing} and the moon.
Describe a sunset in {place} as Hemingway would.
Write a funny limerick about {name}.
Continue this story: {m}
Write a blog post about {topic} with a personal tone.
Give me {n} ideas for the plot of a crime novel in {place}.
Draft a wedding speech for {name}.
Write a scene in which two strangers meet over a {thing}.
Create a fantasy world in which {topic} is forbidden.
Write a LinkedIn post announcing our new {thing}.
Make up a fairy tale with a {thing} and a king.
Write a product description for a {thing} that makes people smile.
Write a rap about {topic} that rhymes.
Write a monologue of an old {thing}.
A sonnet for {name}, please.
Write a love letter from {name} to {place}.
Craft a catchy subject line for a newsletter about {topic}.
Write an ad for {thing}, {n} words, witty.
""",
    "translation": r"""
Translate the following text into {lang}.\n\n{m}
Translate to {lang}: {m}
How do you say "{m}" in {lang}?
What is the {lang} word for {thing}?
Give me the {lang} version of this {doc}.\n\n{m}
I need a {lang} translation of this contract clause.\n{m}
Render this into {lang}, keep the formatting.\n\n{m}
{lang} please: {m}
Translate this {doc} from {lang} to {lang}.\n{m}
Put this into {lang}: {m}
What does "{m}" mean in English? It is {lang}.
You are a translator. Output the {lang} text only. {m}
Localise these strings for {lang} users:\n- {thing}\n- {topic}
Please convert this message to {lang} so that I can send it to {name}. {m}
Subtitle translation, English to {lang}:\n{m}
{m}\n\nin {lang}?
Can you write this in {lang} for me? {m}
Translate the user interface text, leave placeholders like %s alone.\n{m}
Translate each line:\n{m}\n{m}
Is this a correct {lang} translation of "{thing}"? If not, translate it.
""",
    "other": r"""
{m}
ok
{num}
Order {num}-{num}: {thing}
{name}, {place}, {num}
{thing}
Re: {topic}\n\n{m}
Please see attached.
test
Tuesday at nine works for me.
yes
no, the other one
{m} {m}
2026-01-{n} 12:{n}:07 INFO worker-{n} started {thing}
{"id": {num}, "name": "{thing}", "price": {num}}
{thing} {thing} {topic}
continue
The meeting is in room {n}.
Sent from my phone
{name} sent you a {doc}.
ping
asdf {num}
next
go on
<p>{m}</p>
{thing};{num};{place}
""",
}
