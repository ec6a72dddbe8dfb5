"""The language of a text."""

# ruff: noqa: RUF001  # letters of other scripts are meant

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.features.languages import CODES, LETTERS, OTHER_CODES
from taskfit.profilers.language import language_of

TEXTS: tuple[tuple[str, str], ...] = (
    ("en", "Could you check whether our supplier has already sent the goods?"),
    ("de", "Kannst du nachsehen, ob unser Lieferant die Ware schon verschickt hat?"),
    ("fr", "Pouvez-vous vérifier si notre fournisseur a déjà envoyé la marchandise ?"),
    ("es", "¿Puedes comprobar si nuestro proveedor ya ha enviado la mercancía?"),
    ("it", "Puoi controllare se il nostro fornitore ha già spedito la merce?"),
    ("pt", "Você pode verificar se o nosso fornecedor já enviou a mercadoria?"),
    ("nl", "Kun je nagaan of onze leverancier de goederen al heeft verzonden?"),
    ("pl", "Czy możesz sprawdzić, czy nasz dostawca już wysłał towar?"),
    ("sv", "Kan du kontrollera om vår leverantör redan har skickat varorna till oss?"),
    ("da", "Kan du undersøge, hvad der er sket med varen, og om den er sendt af leverandøren?"),
    ("no", "Kan du undersøke hva som har skjedd med varen, og om den er sendt av noen til meg?"),
    ("fi", "Voitko tarkistaa, onko toimittaja jo lähettänyt tavarat, ja milloin ne tulevat?"),
    ("cs", "Můžeš zjistit, jestli už náš dodavatel poslal zboží, a kdy to bude?"),
    ("tr", "Tedarikçimizin malları gönderip göndermediğini kontrol edebilir misin?"),
    ("ru", "Можешь проверить, отправил ли уже наш поставщик товар?"),
    ("uk", "Чи можеш перевірити, чи наш постачальник уже відправив товар?"),
    ("bg", "Можеш ли да провериш дали доставчикът вече е изпратил стоката?"),
    ("el", "Μπορείς να ελέγξεις αν ο προμηθευτής έστειλε τα εμπορεύματα;"),
    ("ar", "هل يمكنك التحقق مما إذا كان المورد قد أرسل البضائع؟"),
    ("fa", "می‌توانی بررسی کنی که آیا تأمین‌کننده کالا را فرستاده است؟"),
    ("he", "האם תוכל לבדוק אם הספק כבר שלח את הסחורה?"),
    ("hi", "क्या आप देख सकते हैं कि माल भेजा गया है या नहीं?"),
    ("th", "ช่วยตรวจสอบว่าส่งสินค้าแล้วหรือยัง"),
    ("zh", "请你查一下供应商是否已经发货。"),
    ("ja", "仕入先がもう商品を発送したか確認してもらえますか。"),
    ("ko", "공급업체가 이미 상품을 보냈는지 확인해 주시겠어요?"),
    ("vi", "Bạn có thể kiểm tra xem nhà cung cấp đã gửi hàng chưa?"),
    ("id", "Bisakah Anda memeriksa apakah pemasok kami sudah mengirim barang itu?"),
    ("ro", "Poți verifica dacă furnizorul nostru a trimis deja marfa și când ajunge?"),
    ("hu", "Meg tudod nézni, hogy a szállító elküldte-e már az árut, és mikor érkezik?"),
)


@pytest.mark.parametrize(("code", "text"), TEXTS, ids=[code for code, _ in TEXTS])
def test_the_language_of_a_sentence_is_told(code: str, text: str) -> None:
    assert language_of(text) == code


def test_there_is_a_sentence_for_every_language() -> None:
    assert {code for code, _ in TEXTS} == set(CODES)
    assert set(LETTERS) <= set(CODES)
    assert not set(OTHER_CODES) & set(CODES)


@pytest.mark.parametrize(
    "text", ["", "ok", "42", "x = y + z", "asdf qwer zxcv", "```\nKeyError: 'id'\n```", "\U0001f600" * 3, "ISO 9001"]
)
def test_what_says_nothing_has_no_language(text: str) -> None:
    assert language_of(text) == ""


def test_a_term_of_another_script_is_no_language() -> None:
    assert language_of("What does the word 猫猫 mean, and how do you say it?") == "en"
    assert language_of("请解释一下 Kubernetes 的 ingress controller 是什么。") == "zh"


def test_the_beginning_and_the_end_count_more_than_the_material() -> None:
    material = "Das Paket ist nicht angekommen, und der Kurier antwortet nicht. " * 50
    asked = "Please tell me what this is about, and who should answer it, in one sentence. " * 3
    assert language_of(asked + asked + material) == "en"


@given(st.text(max_size=2_000))
def test_any_text_is_looked_at(text: str) -> None:
    assert language_of(text) in {"", *CODES}


def test_a_megabyte_takes_no_longer_than_a_page() -> None:
    text = "Größe und Übermut, " * 60_000
    before = time.process_time()
    for _ in range(100):
        language_of(text)
    assert time.process_time() - before < 0.5
