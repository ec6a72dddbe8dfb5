"""What a walk does for an answer that must be good enough: ensembles, races, early delivery, caps, repairs, filters, people."""

import asyncio
import time
from collections.abc import AsyncGenerator

import msgspec
import pytest

from taskfit.errors import (
    InReview,
    InvalidRequest,
    RateLimited,
    UpstreamFailure,
    UpstreamOverloaded,
    UpstreamRefused,
    UpstreamTimeout,
    WalkFailed,
)
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.receivers import EventList
from taskfit.protocols import Call, Question
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.request import Terms
from taskfit.values.review import ReviewRule
from taskfit.values.task import Filter, Hedge, Rung
from taskfit.values.usage import Usage
from taskfit.values.verdict import Verdict
from tests.unit.pipeline.walking import (
    USAGE,
    Asker,
    Doorman,
    Judge,
    Mender,
    Script,
    Sleeper,
    Stage,
    raises,
    says,
    waits,
)


def likes(*wanted: str) -> Judge:
    """A check that rejects every answer but these."""

    def judge(answer: Answer) -> Verdict:
        is_liked = answer.text in wanted
        return Verdict(check="taste", judgement="accept" if is_liked else "reject", score=1.0 if is_liked else 0.0)

    return Judge("taste", judge)


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Answer | Delta))


def streams(*pieces: str, then: Exception | None = None) -> Script:
    async def script(call: Call) -> AsyncGenerator[Event, None]:
        for piece in pieces:
            yield Delta(dialect="openai-chat", text=piece)
        if then is not None:
            raise then
        yield Delta(dialect="openai-chat", finish="stop", usage=USAGE)

    return script


async def hangs(call: Call) -> AsyncGenerator[Event, None]:
    await asyncio.Event().wait()
    yield Delta(dialect="openai-chat")


def members(*models: str) -> tuple[str, ...]:
    return tuple(f"up/{model}" for model in models)


EXPERT = Rung(models=("up/expert",))


class TestEnsembles:
    @pytest.mark.parametrize("stream", [False, True])
    def test_two_cheap_models_that_agree_are_taken(self, stream: bool) -> None:
        stage = Stage(
            {"a": says("The answer is 42."), "b": says("42"), "expert": says("43")},
            rungs=[Rung(models=members("a", "b"), form="agree"), EXPERT],
        )
        events, record = stage.run(stream=stream)
        assert text_of(events) == "The answer is 42."
        (attempt,) = record.attempts
        assert [member.model for member in attempt.members] == ["up/a", "up/b"]
        assert attempt.cost == record.cost == 2 * 20
        assert attempt.usage == Usage(input_tokens=20, output_tokens=10)
        assert attempt.verdicts[0].check == "agree"

    def test_where_they_disagree_the_next_rung_is_asked(self) -> None:
        stage = Stage(
            {"a": says("41"), "b": says("42"), "expert": says("43")},
            rungs=[Rung(models=members("a", "b"), form="agree"), EXPERT],
        )
        events, record = stage.run()
        assert text_of(events) == "43"
        assert record.attempts[0].verdicts[0].judgement == "reject"
        assert len(stage.provider.calls) == 3

    def test_agreement_needs_every_voice(self) -> None:
        stage = Stage(
            {"a": says("42"), "b": raises(UpstreamFailure("500")), "expert": says("43")},
            rungs=[Rung(models=members("a", "b"), form="agree"), EXPERT],
        )
        events, record = stage.run()
        assert text_of(events) == "43"
        assert record.attempts[0].state == "failed"
        assert [member.state for member in record.attempts[0].members] == ["answered", "failed"]
        assert record.attempts[0].cost == sum(member.cost or 0 for member in record.attempts[0].members)

    def test_a_vote_goes_with_the_commonest_answer_and_does_without_a_voice(self) -> None:
        agreeing = {"b": says("42"), "c": says("The answer is 42.")}
        scripts = {"a": says("41"), **agreeing, "d": raises(UpstreamFailure("500")), "expert": says("1")}
        rungs = [Rung(models=members("a", "b", "c", "d"), form="vote", min_share=0.5), EXPERT]
        events, record = Stage(scripts, rungs=rungs).run()
        assert text_of(events) == "42"
        assert record.attempts[0].combined.startswith("2 of 4 give the same answer")

    def test_samples_of_one_model_are_counted(self) -> None:
        stage = Stage({"a": says("42"), "expert": says("1")}, rungs=[Rung(models=members("a"), form="samples", count=3), EXPERT])
        events, record = stage.run()
        assert text_of(events) == "42"
        assert len(stage.provider.calls) == 3
        assert record.attempts[0].confidence == 1.0

    @pytest.mark.parametrize(("said", "asked", "judged"), [
        (("42", "The answer is 42.", "41"), 2, (1.0, "accept")),
        (("41", "42", "42"), 3, (2 / 3, "accept")),
        (("41", "42", "43"), 3, (1 / 3, "reject")),
    ])  # fmt: skip
    def test_the_first_answer_to_two_votes_ends_the_asking(
        self, said: tuple[str, ...], asked: int, judged: tuple[float, str]
    ) -> None:
        scripts = {name: says(text) for name, text in zip("abc", said, strict=True)} | {"expert": says("1")}
        rungs = [Rung(models=members("a", "b", "c"), form="vote", first_to=2), EXPERT]
        events, record = Stage(scripts, rungs=rungs).run()
        (verdict,) = record.attempts[0].verdicts
        assert [member.model for member in record.attempts[0].members] == list(members("a", "b", "c")[:asked])
        assert record.attempts[0].cost == asked * 20
        assert (verdict.score, verdict.judgement) == judged
        assert text_of(events) == ("42" if judged[1] == "accept" else "1")

    def test_no_more_are_asked_where_the_votes_that_are_left_are_too_few(self) -> None:
        scripts = {"a": says("41"), "b": says("42"), "c": says("43"), "d": says("43"), "expert": says("1")}
        rungs = [Rung(models=members("a", "b", "c", "d"), form="vote", first_to=3), EXPERT]
        events, record = Stage(scripts, rungs=rungs).run()
        assert text_of(events) == "1"
        assert len(record.attempts[0].members) == 3

    def test_a_voice_that_fails_is_replaced_by_the_next_one(self) -> None:
        scripts = {"a": raises(UpstreamFailure("500")), "b": says("42"), "c": says("42"), "expert": says("1")}
        rungs = [Rung(models=members("a", "b", "c"), form="vote", first_to=2), EXPERT]
        events, record = Stage(scripts, rungs=rungs).run()
        assert text_of(events) == "42"
        assert record.attempts[0].verdicts[0].score == 2 / 3

    def test_voices_that_do_not_begin_leave_the_next_rung_its_time_however_often_they_are_asked(self) -> None:
        async def begins_too_late(call: Call) -> AsyncGenerator[Event, None]:
            stage.clock.advance(call.first_byte_s)
            raise UpstreamTimeout("nothing came")
            yield

        scripts = {"a": says("41"), "b": begins_too_late, "c": begins_too_late, "expert": says("1")}
        rungs = [Rung(models=members("a", "b", "c"), form="vote", first_to=2), EXPERT]
        stage = Stage(scripts, rungs=rungs)
        events, _ = stage.run()
        assert text_of(events) == "1"
        assert [call.first_byte_s for call in stage.provider.calls] == [5.0, 5.0, 2.5, 2.5]

        stage = Stage(scripts, rungs=rungs, first_byte_s=3.0)
        stage.run()
        assert [call.first_byte_s for call in stage.provider.calls] == [3.0, 3.0, 3.0, 3.0], "what the task says holds"

    def test_no_more_are_asked_once_the_deadline_has_passed(self) -> None:
        async def answers_at_the_end(call: Call) -> AsyncGenerator[Event, None]:
            stage.clock.advance(call.total_s)
            async for event in says("42")(call):
                yield event

        rungs = [Rung(models=members("a", "b", "c"), form="vote", first_to=2)]
        stage = Stage({"a": says("41"), "b": answers_at_the_end, "c": says("42")}, rungs=rungs)
        _, record = stage.run()
        assert [call.model for call in stage.provider.calls] == ["a", "b"]
        assert record.attempts[0].verdicts[0].judgement == "reject"

    def test_of_samples_no_more_are_drawn_than_are_needed(self) -> None:
        rungs = [Rung(models=members("a"), form="samples", count=5, first_to=3), EXPERT]
        stage = Stage({"a": says("42"), "expert": says("1")}, rungs=rungs)
        events, _ = stage.run()
        assert text_of(events) == "42"
        assert len(stage.provider.calls) == 3

    def test_the_best_of_several_is_picked_by_a_model(self) -> None:
        scripts = {"a": says("first"), "b": says("second"), "picker": says("2")}
        events, record = Stage(scripts, rungs=[Rung(models=members("a", "b"), form="best_of", merger="up/picker")]).run()
        assert text_of(events) == "second"
        assert [member.model for member in record.attempts[0].members] == list(members("a", "b", "picker"))

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_synthesis_is_written_by_the_merger(self, stream: bool) -> None:
        scripts = {"a": says("first"), "b": says("second"), "writer": says("both")}
        stage = Stage(scripts, rungs=[Rung(models=members("a", "b"), form="synthesis", merger="up/writer")])
        events, record = stage.run(stream=stream)
        assert text_of(events) == "both"
        assert record.model == "up/writer"
        last = msgspec.json.encode(stage.provider.calls[-1].request.fields).decode()
        assert "first" in last
        assert "second" in last

    def test_an_ensemble_that_the_attempts_do_not_allow_is_not_begun(self) -> None:
        stage = Stage({"a": says("1"), "b": says("1")}, rungs=[Rung(models=members("a", "b"), form="agree")], max_attempts=1)
        with pytest.raises(WalkFailed):
            stage.run()
        assert not stage.provider.calls


class TestRaces:
    @pytest.mark.parametrize("stream", [False, True])
    def test_a_slow_model_is_raced_and_the_loser_called_off_and_priced(self, stream: bool) -> None:
        stage = Stage({"a": hangs, "b": says("43")}, hedge=Hedge(after_s=0.01))
        events, record = stage.run(stream=stream)
        assert text_of(events) == "43"
        first, second = record.attempts
        assert (first.state, first.is_hedge, second.state, second.is_hedge) == ("cancelled", False, "answered", True)
        assert first.cost is not None
        assert first.cost > 0
        assert record.model == "up/b"

    def test_a_model_that_begins_in_time_is_not_raced(self) -> None:
        stage = Stage({"a": says("42"), "b": says("43")}, hedge=Hedge(after_s=5))
        _, record = stage.run()
        assert [attempt.model for attempt in record.attempts] == ["up/a"]

    def test_where_the_hedge_fails_the_first_is_waited_for(self) -> None:
        gate: list[asyncio.Event] = []

        def event() -> asyncio.Event:
            gate.append(asyncio.Event())
            asyncio.get_running_loop().call_later(0.05, gate[0].set)
            return gate[0]

        stage = Stage({"a": waits(event, says("42")), "b": raises(UpstreamFailure("500"))}, hedge=Hedge(after_s=0.01))
        events, record = stage.run()
        assert text_of(events) == "42"
        assert [attempt.state for attempt in record.attempts] == ["answered", "failed"]

    def test_without_a_known_p95_nothing_is_raced(self) -> None:
        stage = Stage({"a": says("42"), "b": says("43")}, hedge=Hedge())
        _, record = stage.run()
        assert record.plan is not None
        assert record.plan.hedge_after_s is None


def no_sorry(answer: Answer) -> Verdict:
    is_bad = answer.text.startswith("Sorry")
    score = 0.0 if is_bad else 1.0
    return Verdict(check="manners", judgement="reject" if is_bad else "accept", score=score, reason="it is sorry")


class TestEarlyDelivery:
    def test_a_beginning_that_a_check_rejects_is_never_seen(self) -> None:
        stage = Stage(
            {"a": streams("Sorry, ", "I cannot."), "b": streams("42 ", "it is.")},
            checks=[Doorman("manners", no_sorry)], deliver="early", early_chars=5,
        )  # fmt: skip
        events, record = stage.run(stream=True)
        assert text_of(events) == "42 it is."
        assert [attempt.state for attempt in record.attempts] == ["stopped", "answered"]
        assert record.attempts[0].verdicts[0].reason == "it is sorry"

    def test_before_the_commit_a_cut_falls_over_unseen(self) -> None:
        stage = Stage(
            {"a": streams("4", then=UpstreamFailure("cut")), "b": streams("42 it is.")},
            checks=[Doorman("manners", no_sorry)], deliver="early", early_chars=5,
        )  # fmt: skip
        events, record = stage.run(stream=True)
        assert text_of(events) == "42 it is."
        assert record.attempts[0].state == "failed"

    def test_after_the_commit_a_cut_ends_the_walk(self) -> None:
        stage = Stage(
            {"a": streams("42 it", " is", then=UpstreamFailure("cut")), "b": streams("no")},
            checks=[Doorman("manners", no_sorry)], deliver="early", early_chars=5,
        )  # fmt: skip
        with pytest.raises(WalkFailed) as caught:
            stage.run(stream=True)
        assert caught.value.reason == "cut_answer"

    def test_what_comes_after_the_commit_passes_at_once(self) -> None:
        seen: list[str] = []
        received = EventList()

        async def script(call: Call) -> AsyncGenerator[Event, None]:
            for piece in ("42 it ", "is ", "indeed"):
                yield Delta(dialect="openai-chat", text=piece)
                seen.append(text_of(received.events))
            yield Delta(dialect="openai-chat", finish="stop", usage=USAGE)

        stage = Stage({"a": script}, checks=[Doorman("manners", no_sorry)], deliver="early", early_chars=8)

        async def run() -> None:
            with stage.walk(stream=True) as walk:
                await walk.run(received)
                assert walk.tells_verdict

        asyncio.run(run())
        assert seen == ["", "42 it is ", "42 it is indeed"]

    def test_a_provisional_answer_passes_at_once_and_is_judged_at_its_end(self) -> None:
        scripts = {"a": streams("Sorry, ", "no."), "b": says("42")}
        events, record = Stage(scripts, checks=[Judge("manners", no_sorry)], deliver="provisional").run(stream=True)
        assert text_of(events) == "Sorry, no."
        assert record.is_below_bar
        assert [attempt.model for attempt in record.attempts] == ["up/a"]

    def test_a_plain_answer_is_checked_whatever_the_delivery(self) -> None:
        stage = Stage({"a": says("Sorry"), "b": says("42")}, checks=[Judge("manners", no_sorry)], deliver="provisional")
        events, _ = stage.run()
        assert text_of(events) == "42"

    def test_another_model_goes_on_where_a_stream_broke_off(self) -> None:
        stage = Stage({"a": streams("It is ", then=UpstreamFailure("cut")), "b": streams("42.")}, continues_cut=True)
        events, record = stage.run(stream=True)
        assert text_of(events) == "It is 42."
        assert [attempt.state for attempt in record.attempts] == ["cut", "answered"]
        assert record.attempts[1].is_continuation
        body = msgspec.json.encode(stage.provider.calls[1].request.fields).decode()
        assert "It is " in body


class TestCaps:
    def test_the_model_is_told_how_much_it_may_write(self) -> None:
        stage = Stage({"a": says("42")}, max_cost=1_000)
        _, record = stage.run()
        limit = record.attempts[0].max_output_tokens
        assert limit is not None
        assert stage.provider.calls[0].request.outline.max_output_tokens == limit
        assert 2 * limit <= 1_000

    def test_what_checks_ask_is_paid_from_the_cap_and_priced(self) -> None:
        scripts = {"a": says("42"), "judge": says("right")}
        stage = Stage(scripts, checks=[Asker("asker", "up/judge")], rungs=[Rung(models=("up/a",))])
        _, record = stage.run()
        assert record.attempts[0].verdicts[0].cost == 20
        assert record.cost == 40
        capped = Stage(
            {"a": says("42"), "judge": says("right")}, checks=[Asker("asker", "up/judge")], rungs=[Rung(models=("up/a",))],
            max_cost=540,
        )  # fmt: skip
        _, record = capped.run()
        assert record.attempts[0].verdicts[0].judgement == "accept"
        assert capped.provider.calls[1].request.outline.max_output_tokens is not None

    def test_a_check_that_no_money_is_left_for_is_unsure(self) -> None:
        stage = Stage(
            {"a": says("42", usage=Usage(input_tokens=5, output_tokens=256)), "judge": says("right")},
            checks=[Asker("asker", "up/judge")], rungs=[Rung(models=("up/a",))], max_cost=540,
        )  # fmt: skip
        _, record = stage.run()
        verdict = record.attempts[0].verdicts[0]
        assert verdict.judgement == "unsure"
        assert len(stage.provider.calls) == 1

    def test_what_a_check_asks_at_once_is_reserved_by_its_length(self) -> None:
        class Twice(Asker):
            async def verify(self, request, answer, aid):  # type: ignore[no-untyped-def]
                question = Question(text="x" * 1_600)   # some 416 tokens: two of them and their answers are too much
                done = await asyncio.gather(aid.ask("up/judge", question), aid.ask("up/judge", question), return_exceptions=True)
                return Verdict(check=self.name, judgement="accept", score=1.0, reason=str([type(each).__name__ for each in done]))

        async def takes_a_turn(call: Call) -> AsyncGenerator[Event, None]:
            await asyncio.sleep(0)
            async for each in says("right")(call):
                yield each

        scripts = {"a": says("42"), "judge": takes_a_turn}
        stage = Stage(scripts, checks=[Twice("twice", "up/judge")], rungs=[Rung(models=("up/a",))], max_cost=1_000)
        _, record = stage.run()
        assert record.attempts[0].verdicts[0].reason == "['Answer', 'WalkFailed']"

    def test_a_check_that_never_ends_ends_with_the_deadline(self) -> None:
        stage = Stage({"a": says("42"), "b": says("43")}, checks=[Sleeper("sleeper")], deadline_s=0.3)
        stage.clock.monotonic = time.monotonic  # type: ignore[method-assign]  # this walk lives in real time
        events, record = stage.run()
        assert text_of(events) == "42"
        assert record.is_below_bar
        assert "no time" in record.attempts[0].verdicts[0].reason

    def test_what_a_cancelled_check_has_cost_is_kept(self) -> None:
        class AskThenSleep(Asker):
            async def verify(self, request, answer, aid):  # type: ignore[no-untyped-def]
                await super().verify(request, answer, aid)
                await asyncio.Event().wait()

        stage = Stage({"a": says("42"), "judge": says("right")}, checks=[AskThenSleep("asker", "up/judge")], deadline_s=5)

        async def run() -> None:
            with stage.walk() as walk:
                task = asyncio.create_task(walk.run(EventList()))
                while len(stage.provider.calls) < 2 or walk._live[0].state == "running":  # noqa: ASYNC110  # the same
                    await asyncio.sleep(0)
                for _ in range(5):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        asyncio.run(run())
        assert stage.last.cost == 40


class TestRepairs:
    @pytest.mark.parametrize("stream", [False, True])
    def test_what_a_check_mends_is_what_the_caller_gets(self, stream: bool) -> None:
        stage = Stage({"a": says("quiet")}, checks=[Mender("mender"), likes("QUIET")])
        events, record = stage.run(stream=stream)
        assert text_of(events) == "QUIET"
        assert record.attempts[0].verdicts[0].repair == "raised its voice"
        assert record.attempts[0].verdicts[1].judgement == "accept"


class TestFilters:
    def rungs(self, **how: str) -> list[Rung]:
        models = ("up/mini",) if "question" in how else ()
        return [Rung(models=models, form="filter", filter=Filter(answer="not our business", **how)), EXPERT]

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_rule_keeps_a_request_from_the_models(self, stream: bool) -> None:
        stage = Stage({"expert": says("42")}, rungs=self.rungs(rule='request.prompt.contains("weather")'))
        events, record = stage.run(stream=stream)
        assert text_of(events) == "not our business"
        assert not stage.provider.calls
        assert record.cost == 0
        assert record.filtered_by == "taskfit/rule"

    def test_what_the_rule_lets_on_is_answered(self) -> None:
        events, record = Stage({"expert": says("42")}, rungs=self.rungs(rule='request.prompt.contains("6 x 7")')).run()
        assert text_of(events) == "42"
        assert [attempt.state for attempt in record.attempts] == ["passed", "answered"]

    @pytest.mark.parametrize(("said", "wanted"), [("no", "not our business"), ("Yes.", "42"), ("perhaps", "42")])
    def test_a_small_model_decides(self, said: str, wanted: str) -> None:
        stage = Stage({"mini": says(said), "expert": says("42")}, rungs=self.rungs(question="Is it about sums?"))
        events, record = stage.run()
        assert text_of(events) == wanted
        assert record.attempts[0].members[0].model == "up/mini"

    def test_a_filter_that_fails_lets_everything_on(self) -> None:
        stage = Stage({"mini": raises(UpstreamFailure("500")), "expert": says("42")}, rungs=self.rungs(question="?"))
        assert text_of(stage.run()[0]) == "42"


class TestOtherProviders:
    RUNGS = (Rung(models=("up/a",), alternates=("up/b",)), EXPERT)

    def test_trouble_leads_to_another_provider_of_the_same_model_first(self) -> None:
        scripts = {"a": raises(UpstreamOverloaded("busy")), "b": says("42"), "expert": says("43")}
        _, record = Stage(scripts, rungs=self.RUNGS).run()
        assert [attempt.model for attempt in record.attempts] == ["up/a", "up/b"]

    def test_a_bad_answer_leads_past_it(self) -> None:
        scripts = {"a": says("bad"), "b": says("good"), "expert": says("good")}
        _, record = Stage(scripts, rungs=self.RUNGS, checks=[likes("good")]).run()
        assert [attempt.model for attempt in record.attempts] == ["up/a", "up/expert"]

    def test_a_model_that_names_a_time_is_waited_for_when_nothing_else_is_left(self) -> None:
        said = iter([RateLimited("later", retry_after_s=0.01)])

        async def script(call: Call) -> AsyncGenerator[Event, None]:
            error = next(said, None)
            if error is not None:
                raise error
            async for event in says("42")(call):
                yield event

        events, record = Stage({"a": script}).run()
        assert text_of(events) == "42"
        assert [attempt.error for attempt in record.attempts] == ["upstream_rate_limited", None]

    def test_a_model_that_asks_for_too_long_is_not(self) -> None:
        stage = Stage({"a": raises(RateLimited("later", retry_after_s=60))})
        with pytest.raises(WalkFailed) as caught:
            stage.run()
        assert caught.value.retry_after_s == 60

    def test_a_model_in_passing_trouble_is_called_once_more(self) -> None:
        stage = Stage({"a": raises(UpstreamOverloaded("busy"))}, retries=1)
        with pytest.raises(WalkFailed):
            stage.run()
        assert len(stage.provider.calls) == 2

    def test_the_plan_of_the_next_walk_leaves_out_what_is_unwell_and_says_why(self) -> None:
        stage = Stage({"a": raises(RateLimited("later", retry_after_s=30)), "b": says("42")})
        stage.run()
        stage.outbox = Outbox(stage.reviews._store)
        _, record = stage.run()
        assert [attempt.model for attempt in record.attempts] == ["up/b"]
        assert record.plan is not None
        assert "asks for 30" in record.plan.dropped[0].reason


def unsure(answer: Answer) -> Verdict:
    return Verdict(check="doubt", judgement="unsure", score=0.2, reason="it might be")


class TestPeople:
    def stage(self, mode: str, **rule: object) -> Stage:
        review = ReviewRule(when="when_unsure", mode=mode, **rule)  # type: ignore[arg-type]
        return Stage({"a": says("43"), "b": says("41")}, checks=[Judge("doubt", unsure)], review=review, deadline_s=2.0)

    async def _open(self, stage: Stage) -> None:
        await stage.reviews._store.open()

    def test_who_takes_a_ticket_is_told_where_to_ask(self) -> None:
        stage = self.stage("ticket")

        async def run() -> str:
            await self._open(stage)
            with pytest.raises(InReview) as caught:
                with stage.walk() as walk:
                    await walk.run(EventList())
            case = await stage.reviews.get(caught.value.case_id)
            assert case is not None
            assert case.answer == "41"
            assert case.why.startswith("no answer reached the bar")
            assert len(case.attempts) == 2
            return case.id

        case_id = asyncio.run(run())
        assert (stage.last.outcome, stage.last.status, stage.last.review_id) == ("in_review", 202, case_id)

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(("decision", "wanted"), [("approve", "41"), ("edit", "42")])
    def test_who_waits_gets_what_the_person_decides(self, decision: str, wanted: str, stream: bool) -> None:
        stage, received = self.stage("wait"), EventList()

        async def run() -> None:
            await self._open(stage)
            with stage.walk(stream=stream) as walk:
                running = asyncio.create_task(walk.run(received))
                while walk.review_id is None or not stage.reviews._waiting:  # noqa: ASYNC110  # it has no event for a test
                    await asyncio.sleep(0)
                if decision == "approve":
                    await stage.reviews.approve(walk.review_id, "kim")
                else:
                    await stage.reviews.edit(walk.review_id, "kim", "42")
                await running

        asyncio.run(run())
        assert text_of(received.events) == wanted
        assert stage.last.outcome == "answered"
        assert stage.last.model == ("up/b" if decision == "approve" else "person")

    def test_a_rejected_answer_is_not_given(self) -> None:
        stage = self.stage("wait")

        async def run() -> None:
            await self._open(stage)
            with stage.walk() as walk:
                running = asyncio.create_task(walk.run(EventList()))
                while walk.review_id is None or not stage.reviews._waiting:  # noqa: ASYNC110  # it has no event for a test
                    await asyncio.sleep(0)
                await stage.reviews.reject(walk.review_id, "kim", comment="wrong")
                await running

        with pytest.raises(WalkFailed) as caught:
            asyncio.run(run())
        assert caught.value.reason == "review_rejected"

    def test_a_provisional_answer_is_given_and_looked_at(self) -> None:
        stage, received = self.stage("provisional"), EventList()

        async def run() -> None:
            await self._open(stage)
            with stage.walk() as walk:
                await walk.run(received)
                assert walk.review_id is not None

        asyncio.run(run())
        assert text_of(received.events) == "41"
        assert stage.last.is_below_bar

    def test_who_waits_longer_than_the_deadline_gets_a_ticket(self) -> None:
        stage = Stage(
            {"a": says("41")}, checks=[Judge("doubt", unsure)], review=ReviewRule(when="when_unsure"), deadline_s=0.3
        )

        async def run() -> None:
            await self._open(stage)
            with stage.walk() as walk:
                await walk.run(EventList())

        with pytest.raises(InReview):
            asyncio.run(run())

    def test_a_task_may_have_every_answer_looked_at(self) -> None:
        stage = Stage({"a": says("41")}, review=ReviewRule(when="always", mode="ticket"))

        async def run() -> None:
            await self._open(stage)
            with stage.walk() as walk:
                await walk.run(EventList())

        with pytest.raises(InReview):
            asyncio.run(run())


class TestTheEndOfAWalk:
    """What a reviewer with fresh eyes found."""

    def test_a_hedge_that_fails_first_does_not_make_a_second_answer(self) -> None:
        gate: list[asyncio.Event] = []

        def event() -> asyncio.Event:
            gate.append(asyncio.Event())
            asyncio.get_running_loop().call_later(0.03, gate[0].set)
            return gate[0]

        scripts = {"a": waits(event, streams("AAA")), "b": raises(UpstreamFailure("500")), "c": streams("CCC")}
        events, record = Stage(scripts, hedge=Hedge(after_s=0.005)).run(stream=True)
        assert text_of(events) == "AAA"
        assert record.model == "up/a"
        assert len(record.attempts) == 2

    def test_a_refused_request_keeps_no_answer_from_the_person_who_must_see_it(self) -> None:
        scripts = {"a": says("bad"), "b": raises(UpstreamRefused("400"))}
        stage = Stage(scripts, checks=[likes("good")], review=ReviewRule(when="always", mode="ticket"), path="sensitive")

        async def run() -> None:
            await stage.reviews._store.open()
            with stage.walk() as walk:
                await walk.run(EventList())

        with pytest.raises(InReview):
            asyncio.run(run())

    def test_a_third_model_goes_on_with_all_that_was_seen(self) -> None:
        begun = streams("Hello ", then=UpstreamFailure("cut"))
        stage = Stage({"a": begun, "b": raises(UpstreamFailure("500")), "c": streams("world")}, continues_cut=True)
        events, _ = stage.run(stream=True)
        assert text_of(events) == "Hello world"
        assert "Hello " in msgspec.json.encode(stage.provider.calls[2].request.fields).decode()

    def test_what_goes_on_is_not_raced(self) -> None:
        scripts = {"a": streams("Hello ", then=UpstreamFailure("cut")), "b": streams("world"), "c": streams("other")}
        events, record = Stage(scripts, continues_cut=True, hedge=Hedge(after_s=0.0)).run(stream=True)
        assert text_of(events) == "Hello world"
        assert not any(attempt.is_hedge and attempt.is_continuation for attempt in record.attempts)

    def test_several_answers_at_once_are_refused_where_answers_are_checked(self) -> None:
        with pytest.raises(InvalidRequest) as caught:
            Stage({"a": says("good")}, checks=[likes("good")]).run(n=2)
        assert caught.value.param == "n"

    def test_a_check_s_own_timeout_does_not_skip_the_checks_behind_it(self) -> None:
        class Late(Sleeper):
            async def verify(self, request, answer, aid):  # type: ignore[no-untyped-def]
                raise TimeoutError

        stage = Stage({"a": says("bad"), "b": says("good")}, checks=[Late("late"), likes("good")])
        _, record = stage.run()
        assert [verdict.check for verdict in record.attempts[0].verdicts] == ["late", "taste"]

    def test_a_check_that_could_not_judge_makes_no_answer_good_enough(self) -> None:
        class Broken(Sleeper):
            async def verify(self, request, answer, aid):  # type: ignore[no-untyped-def]
                raise RuntimeError("a bug")

        _, record = Stage({"a": says("42"), "b": says("43")}, checks=[Broken("broken")]).run()
        assert record.is_below_bar

    def test_a_filter_s_model_that_refuses_lets_the_request_on(self) -> None:
        rung = Rung(models=("up/mini",), form="filter", filter=Filter(answer="no", question="?"))
        stage = Stage({"mini": raises(UpstreamRefused("400")), "expert": says("42")}, rungs=[rung, EXPERT])
        assert text_of(stage.run()[0]) == "42"

    def test_a_model_that_is_waited_for_too_long_says_how_long(self) -> None:
        stage = Stage({"a": raises(RateLimited("later", retry_after_s=60))})
        for _ in range(2):
            with pytest.raises(WalkFailed) as caught:
                stage.run()
        assert (caught.value.reason, round(caught.value.retry_after_s or 0)) == ("upstream_rate_limited", 60)
        assert len(stage.provider.calls) == 1

    def test_a_glance_that_breaks_rejects_nothing(self) -> None:
        def breaks(answer: Answer) -> Verdict:
            raise RuntimeError("a bug")

        door = Doorman("door", no_sorry)
        door._judge = breaks
        events, record = Stage({"a": streams("42 it is.")}, checks=[door], deliver="early", early_chars=3).run(stream=True)
        assert text_of(events) == "42 it is."
        assert record.attempts[0].state == "answered"

    def test_a_caller_in_a_hurry_opens_no_breaker(self) -> None:
        stage = Stage({"a": raises(UpstreamTimeout("slow")), "b": says("42")})
        for _ in range(6):
            stage.outbox = Outbox(stage.reviews._store)
            stage.run(terms=Terms(deadline_s=0.5))
        assert not stage.conditions.pressing()

    def test_a_rejected_answer_is_not_preferred_for_its_score(self) -> None:
        scores = {"first": ("reject", 0.45), "second": ("unsure", 0.4)}

        def judge(answer: Answer) -> Verdict:
            judgement, score = scores[answer.text]
            return Verdict(check="taste", judgement=judgement, score=score)  # type: ignore[arg-type]

        events, _ = Stage({"a": says("first"), "b": says("second")}, checks=[Judge("taste", judge)]).run()
        assert text_of(events) == "second"


def test_the_caller_s_own_cap_holds_for_checks_and_retries_too() -> None:
    stage = Stage({"a": says("bad"), "b": says("good")}, checks=[likes("good")])
    _, record = stage.run(terms=Terms(max_cost=560))
    assert record.cost is not None
    assert record.cost <= 560
