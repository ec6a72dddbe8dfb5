import json
import os
import pty
import signal
import subprocess
import threading

from taskfit.testing import Fault, Reply, SeenRequest
from tests.cli.conftest import TASKFIT, CommandLine

NO_REFUSAL = "I'm sorry, but I can't help with that."


def test_the_answer_goes_to_standard_output_and_what_it_took_to_standard_error(taskfit: CommandLine) -> None:
    done = taskfit.run("ask", "What is 6 x 7?")
    assert (done.code, done.out) == (0, "6 x 7 is 42.\n")
    assert done.err.startswith("openai/small · 1 attempt · $0.0000")
    assert done.err.count("\n") == 1


def test_a_streamed_answer_is_the_same_answer(taskfit: CommandLine) -> None:
    done = taskfit.run("ask", "--stream", "--model", "general", "What is 6 x 7?")
    assert (done.code, done.out) == (0, "It is 42.\n")
    assert "openai/large · 1 attempt" in done.err


def test_the_prompt_may_come_from_standard_input(taskfit: CommandLine) -> None:
    taskfit.upstream.script({"small": lambda request: Reply(request.text.upper())})
    assert taskfit.run("ask", "-", stdin="hello there").out == "HELLO THERE\n"


def test_a_refused_answer_moves_up_and_explain_last_shows_the_whole_walk(taskfit: CommandLine) -> None:
    taskfit.upstream.script({"small": NO_REFUSAL})
    assert taskfit.run("ask", "What is 6 x 7?").out == "It is 42.\n"
    shown = taskfit.run("explain", "last")
    assert shown.code == 0
    for part in (
        "task       default: no task's match holds", "1. openai/small: about $", "2. openai/large: about $",
        "refusal says reject", "answered, status 200, by openai/large",
        "openai/large would have cost $", "checks     refusal; bar 0.5",
    ):  # fmt: skip
        assert part in shown.out
    assert taskfit.run("records", "show", "last").out == shown.out
    assert taskfit.run("records", "show").out == shown.out


def test_a_walk_without_an_answer_ends_with_one_and_says_what_was_tried(taskfit: CommandLine) -> None:
    taskfit.upstream.script({"small": Fault.status(503), "large": Fault.status(500)})
    done = taskfit.run("ask", "What is 6 x 7?")
    assert (done.code, done.out) == (1, "")
    assert "no answer (failed) · 3 attempts" in done.err
    assert "openai/small" in done.err
    assert "openai/large" in done.err
    assert "Traceback" not in done.err
    record = json.loads(taskfit.run("explain", "last", "--json").out)
    assert [(attempt["model"], attempt["error"]) for attempt in record["attempts"]] == [
        ("openai/small", "upstream_overloaded"), ("openai/large", "upstream_failure"), ("openai/small", "upstream_overloaded"),
    ]  # fmt: skip
    assert taskfit.run("explain", record["id"]).out.count("status 50") >= 1


def test_a_failed_walk_as_json_has_the_error_and_the_record(taskfit: CommandLine) -> None:
    taskfit.upstream.script({"small": Fault.status(503), "large": Fault.status(503)})
    done = taskfit.run("ask", "--json", "What is 6 x 7?")
    said = json.loads(done.out)
    assert (done.code, said["record"]["outcome"], len(said["record"]["attempts"])) == (1, "failed", 3)
    assert said["error"]


def test_asking_for_json_gives_the_answer_and_its_record(taskfit: CommandLine) -> None:
    done = taskfit.run("ask", "--json", "What is 6 x 7?")
    said = json.loads(done.out)
    assert (said["text"], said["record"]["model"], done.err) == ("6 x 7 is 42.", "openai/small", "")


def test_an_unknown_model_is_an_error_with_the_nearest_name(taskfit: CommandLine) -> None:
    done = taskfit.run("ask", "--model", "genera", "Hello")
    assert done.code == 1
    assert "general" in done.err
    assert "Traceback" not in done.err


def test_explaining_a_prompt_calls_no_model_and_leaves_no_record(taskfit: CommandLine) -> None:
    before = len(taskfit.upstream.requests)
    shown = taskfit.run("explain", "What is 6 x 7?")
    assert "1. openai/small: about $0.000" in shown.out
    said = json.loads(taskfit.run("explain", "--json", "--model", "unpriced", "What is 6 x 7?").out)
    assert "expected_cost" not in said["plan"]["candidates"][0]
    assert len(taskfit.upstream.requests) == before
    nothing = taskfit.run("explain", "last")
    assert (nothing.code, nothing.err) == (1, "there are no records yet\n")


def test_an_unknown_price_is_said_and_not_counted_as_zero(taskfit: CommandLine) -> None:
    assert "price unknown" in taskfit.run("ask", "--model", "unpriced", "Hello").err
    assert "cost       unknown" in taskfit.run("explain", "last").out


def on_a_terminal(taskfit: CommandLine, *words: str) -> tuple[int, str]:
    """Run it with a terminal as its standard output; what arrived there."""
    ours, theirs = pty.openpty()
    command = [*TASKFIT, *words]
    with subprocess.Popen(command, cwd=taskfit.folder, env=taskfit.environ, stdout=theirs, stderr=subprocess.DEVNULL) as run:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # how Linux says that the other side has closed the terminal
            pass
    os.close(ours)
    return run.returncode, shown.decode()


def test_on_a_terminal_the_answer_is_streamed_and_cannot_give_orders_to_it(taskfit: CommandLine) -> None:
    taskfit.upstream.script({"small": "red \x1b[31m alert\x07"})
    code, shown = on_a_terminal(taskfit, "ask", "Hello")
    assert (code, shown) == (0, "red \\x1b[31m alert\\x07\r\n")
    assert json.loads(taskfit.run("explain", "last", "--json").out)["is_stream"] is True


def test_records_are_a_table_on_a_terminal(taskfit: CommandLine) -> None:
    taskfit.run("ask", "Hello")
    code, shown = on_a_terminal(taskfit, "records", "list")
    assert code == 0
    assert "outcome" in shown
    assert "answered" in shown


def test_control_c_ends_quietly_and_leaves_a_record(taskfit: CommandLine) -> None:
    was_asked = threading.Event()

    def hang(request: SeenRequest) -> Fault:
        was_asked.set()
        return Fault.hang()

    taskfit.upstream.script({"small": hang})
    with taskfit.start("ask", "Hello") as asking:
        assert was_asked.wait(20)
        asking.send_signal(signal.SIGINT)
        out, err = asking.communicate(timeout=20)
    assert (asking.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert json.loads(taskfit.run("explain", "last", "--json").out)["outcome"] == "cancelled"
