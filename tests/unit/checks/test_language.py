"""The check language over answers of a help desk in several languages."""

import subprocess
import sys
from pathlib import Path
from time import process_time

import msgspec
import pytest

import taskfit
from taskfit.checks.language import Language, LanguageSettings
from taskfit.errors import ConfigurationError
from taskfit.values.conversation import ToolCall
from tests.unit.checks.verifying import answered, asked, verdict_of

ANSWERS = {
    "ar": "تم إرسال طلبك أمس، وسيصل إليك خلال يومين. يمكنك إعادة المنتج مجانًا خلال ثلاثين يومًا.",
    "de": "Ihre Bestellung wurde gestern versandt und kommt in zwei Tagen an. Die Rücksendung ist dreißig Tage lang kostenlos.",
    "en": "Your order was shipped yesterday and will arrive within two days. Returns are free of charge for thirty days.",
    "es": "Su pedido se envió ayer y llegará dentro de dos días. La devolución es gratuita durante treinta días.",
    "fr": "Votre commande a été expédiée hier et arrivera dans deux jours. Le retour est gratuit pendant trente jours.",
    "hi": "आपका ऑर्डर कल भेज दिया गया था और दो दिनों में पहुँच जाएगा। तीस दिनों तक वापसी निःशुल्क है।",
    "it": "Il suo ordine è stato spedito ieri e arriverà entro due giorni. Il reso è gratuito per trenta giorni.",
    "ja": "ご注文の商品は昨日発送され、二日以内に届きます。三十日間は無料で返品できます。",
    "ko": "주문하신 상품은 어제 발송되었으며 이틀 안에 도착합니다. 삼십 일 동안 무료로 반품하실 수 있습니다.",
    "nl": "Uw bestelling is gisteren verzonden en komt binnen twee dagen aan. Retourneren is dertig dagen lang gratis.",
    "pl": "Twoje zamówienie zostało wysłane wczoraj i dotrze w ciągu dwóch dni. Zwrot jest bezpłatny przez trzydzieści dni.",
    "pt": "O seu pedido foi enviado ontem e chegará dentro de dois dias. A devolução é gratuita durante trinta dias.",
    "ru": "Ваш заказ был отправлен вчера и прибудет в течение двух дней. Возврат бесплатный в течение тридцати дней.",
    "sv": "Din beställning skickades i går och kommer fram inom två dagar. Det är gratis att returnera i trettio dagar.",
    "tr": "Siparişiniz dün gönderildi ve iki gün içinde ulaşacak. İade otuz gün boyunca ücretsizdir.",
    "uk": "Ваше замовлення було відправлено вчора та прибуде протягом двох днів. Повернення безкоштовне тридцять днів.",
    "zh": "您的订单昨天已经发货。包裹将在两天内送达。三十天内可以免费退货。",
}
QUESTION = "Wann kommt denn endlich meine Bestellung bei mir an?"


def check(language: object = "same") -> Language:
    return Language("language", msgspec.convert({"language": language}, LanguageSettings))


@pytest.mark.parametrize("code", ANSWERS)
def test_an_answer_in_the_wanted_language_is_accepted_and_in_another_rejected(code: str) -> None:
    for other, text in ANSWERS.items():
        verdict = verdict_of(check(code), answered(text))
        expected = ("accept", 1.0) if other == code else ("reject", 0.0)
        assert (verdict.judgement, verdict.score) == expected, f"{other}: {verdict.reason}"


def test_the_reason_tells_both_languages() -> None:
    assert verdict_of(check(["de", "fr"]), answered(ANSWERS["en"])).reason == "in en, wanted de, fr"


@pytest.mark.parametrize("written", ["de", "DE", "de-AT", "de_CH", ["fr", "de"]])
def test_a_language_is_written_as_people_write_it(written: object) -> None:
    assert verdict_of(check(written), answered(ANSWERS["de"])).judgement == "accept"


@pytest.mark.parametrize("written", ["nb", "no-NO"])
def test_norwegian_has_two_codes(written: str) -> None:
    text = "Bestillingen din ble sendt i går og kommer fram i løpet av to dager. Du kan returnere den gratis i tretti dager."
    assert verdict_of(check(written), answered(text)).judgement == "accept"


def test_the_answer_is_in_the_language_of_the_prompt() -> None:
    request = asked(prompt=QUESTION)
    assert verdict_of(check(), answered(ANSWERS["de"]), request=request).judgement == "accept"
    assert verdict_of(check(), answered(ANSWERS["en"]), request=request).reason == "in en, wanted de"


def test_a_prompt_that_is_too_short_to_tell_leaves_every_language_open() -> None:
    verdict = verdict_of(check(), answered(ANSWERS["en"]), request=asked(prompt="Wo?"))
    assert (verdict.judgement, verdict.reason) == ("accept", "the language of the prompt cannot be told")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "42",
        "INV-2026-000017 / 1.299,00 / 2026-03-01",
        "```python\nfor order in orders_of_yesterday:\n    print(order.number_of_the_customer)\n```",
        "`print_the_orders_of_yesterday_again()`",
        "https://example.com/orders-of-yesterday-and-the-day-before",
        '{"number_of_the_order": 17, "is_shipped_to_the_customer": true}',
        '{"number_of_the_order": 17, "is_shipped_to_the_cust',
    ],
)
def test_what_has_too_few_words_is_accepted(text: str) -> None:
    verdict = verdict_of(check("de"), answered(text))
    assert (verdict.judgement, verdict.reason) == ("accept", "too few letters to tell the language")


def test_the_words_around_code_count() -> None:
    text = f"{ANSWERS['en']}\n\n```python\nbestellung = hole_bestellung(nummer)\nwenn_bestellung_da_ist(bestellung)\n```"
    assert verdict_of(check("de"), answered(text)).judgement == "reject"
    assert verdict_of(check("en"), answered(text)).judgement == "accept"


def test_the_texts_of_json_count_and_its_keys_do_not() -> None:
    for code, judgement in (("de", "accept"), ("en", "reject")):
        text = msgspec.json.encode([{"summary_of_the_customers_request": ANSWERS["de"], "order_number": 17}]).decode()
        assert verdict_of(check(code), answered(text)).judgement == judgement


def test_capital_letters_are_no_other_language() -> None:
    assert verdict_of(check("de"), answered(ANSWERS["de"].upper())).judgement == "accept"


def test_a_language_that_is_taken_for_another_is_left_open_at_worst() -> None:
    galician = "O seu pedido enviouse onte e chegará dentro de dous días. A devolución é de balde durante trinta días."
    assert verdict_of(check("gl"), answered(galician)).judgement in ("accept", "unsure")
    assert verdict_of(check("gl"), answered(ANSWERS["pt"])).judgement == "unsure"


@pytest.mark.parametrize("code", ["de", "fr", "ru", "tr"])
def test_a_long_text_is_judged_by_all_of_its_first_words(code: str) -> None:
    text = f"{ANSWERS['en']} {ANSWERS[code]} {ANSWERS[code]} {ANSWERS[code]}"
    assert verdict_of(check("en"), answered(text)).judgement != "accept"
    assert verdict_of(check("en"), answered(f"{ANSWERS['en']} " * 4)).judgement == "accept"


def test_a_call_of_a_tool_passes() -> None:
    call = ToolCall(id="c1", name="look_up", arguments='{"text": "an English text that is long enough to tell"}')
    assert verdict_of(check("de"), answered("", tool_calls=(call,))).judgement == "accept"


def test_a_beginning_in_another_language_is_rejected_at_a_glance() -> None:
    verdict = check("de").glance(asked(), answered(ANSWERS["en"] + " " + ANSWERS["en"][:30], finish=None))
    assert verdict is not None
    assert (verdict.judgement, verdict.reason) == ("reject", "in en, wanted de")
    verdict = check().glance(asked(prompt=QUESTION), answered(ANSWERS["fr"] * 2, finish=None))
    assert verdict is not None
    assert verdict.judgement == "reject"


def test_a_beginning_that_is_short_or_in_the_wanted_language_is_left_alone() -> None:
    assert check("de").glance(asked(), answered("Sure! Your order was shipped yesterday and", finish=None)) is None
    assert check("de").glance(asked(), answered(ANSWERS["de"] * 2, finish=None)) is None
    assert check().glance(asked(prompt="?"), answered(ANSWERS["fr"] * 2, finish=None)) is None


@pytest.mark.parametrize(
    ("written", "told"), [("english", "english"), (["de", "xx"], "xx"), ([], "no language"), (["same", "de"], "same")]
)
def test_an_unknown_language_is_a_mistake_of_the_configuration(written: object, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        check(written)


WITHOUT_THE_EXTRA = """
from taskfit.checks.language import Language, LanguageSettings
from taskfit.errors import ConfigurationError
try:
    Language("language", LanguageSettings())
except ConfigurationError as error:
    print(error)
"""


def test_without_the_extra_the_configuration_says_what_to_install(tmp_path: Path) -> None:
    """In a Python that sees taskfit and msgspec, and nothing else that is installed here."""
    for package in (taskfit, msgspec):
        folder = Path(package.__file__ or "").parent
        (tmp_path / folder.name).symlink_to(folder)
    program = [sys.executable, "-S", "-c", WITHOUT_THE_EXTRA]
    done = subprocess.run(program, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True, timeout=50)
    assert "pip install 'taskfit[language]'" in done.stdout


@pytest.mark.parametrize(
    "text", ["`" * 50_000, "<" * 50_000, "```\n" * 12_000, "a@" * 25_000, "x" * 50_000, "[" * 50_000, '["' * 25_000]
)
def test_reading_takes_linear_time_whatever_the_answer(text: str) -> None:
    began = process_time()
    verdict_of(check("de"), answered(text))
    assert process_time() - began < 1
