import asyncio

from taskfit.protocols import Router, Scene
from taskfit.routers.ladder import LadderRouter, LadderSettings
from taskfit.values.card import ModelCard
from taskfit.values.profile import Profile
from taskfit.values.request import Outline, Request
from taskfit.values.task import Rung, Task

REQUEST = Request(
    id="r1",
    dialect="openai-chat",
    model="auto",
    is_stream=False,
    fields={},
    outline=Outline(text_chars=2, message_count=1, prompt="hi"),
)


def test_the_ladders_own_order_holds() -> None:
    router: Router = LadderRouter("ladder", LadderSettings())
    task = Task(name="default", ladder=(Rung(models=("p/a",)), Rung(models=("p/b",))))
    cards = {model: ModelCard(id=model, provider="p", name=model[2:]) for model in task.models}
    asyncio.run(router.open())
    assert router.rank(REQUEST, Profile(input_tokens=1), task, Scene(cards=cards)) is None
    assert router.rank(REQUEST, Profile(input_tokens=1), task, Scene(cards={})) is None
    asyncio.run(router.close())
