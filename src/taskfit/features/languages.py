"""Languages by what gives them away: the commonest little words, and letters that neighbours lack. A table, which counts nothing.

Codes are ISO 639-1. The words are function words: they stand in any text of some length, whatever it is about.
"""

# ruff: noqa: RUF001  # letters of other scripts are what this table is made of

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "en": "the of and to is that for with this are was it you be on have not from which what please how your by an as at or "
    "if will can do does there has been would should their who when where why into about than each my me we in write "
    "summarize summarise translate explain give list make create find following three function hello thanks thank "
    "need want use text",
    "de": "der die das und ist nicht ein eine einen einem für mit auf von den dem des zu im ich sie wir es auch sich bei "
    "wird sind als wie was bitte oder aus nach über kann haben hat dieser diese dieses folgenden an um wurde ihr uns "
    "mir mich warum wann wo wer welche noch nur aber zum zur kein keine in du dir dich mein meine dein habe heute ob "
    "schreibe schreib fasse übersetze erkläre gib erstelle finde folgender drei hallo danke brauche möchte ins "
    "englische satz sätzen text uhr "
    "unser unsere schon alle vor hier jetzt dann wenn weil doch sehr mehr ihre ihren euch soll muss kannst könnte",
    "fr": "le la les des est et un une pour dans que qui pas sur avec vous nous il elle ce cette ces du au aux plus sont "
    "par ne je tu mon ma mes votre vos quel quelle comment pourquoi où ou mais être été avoir suivant suivante sans "
    "leur en de à d'un qu'il c'est bonjour quels fait peux moi écris résume traduis explique donne crée trouve trois "
    "merci besoin voudrais anglais texte phrases fonction heures salut "
    "notre nos si déjà peut pouvez peux tout tous toute très encore aussi alors après avant entre chez lui eux elles ils même",
    "es": "el la los las de que en un una es para con no por se del al lo como más pero sus le ya este esta estos sí porque "
    "cuando muy sin sobre también qué cuál cómo dónde favor mi me tu yo son está han siguiente hay ser fue quién "
    "puedo hola cuántos escribe resume traduce explica dame crea encuentra tres gracias necesito quiero inglés texto "
    "frases función "
    "nuestro nuestra puedes puede si todo todos todas entre antes después cada otro otra ellos ustedes usted eso esa ese tiene",
    "it": "il lo la gli le di che è un una per con non del della dei delle nel nella sono si da al alla come più ma anche "
    "questo questa questi qual quale quali cosa perché quando dove chi mi ho hai ha essere seguente testo sul sulla "
    "dal dalla in vorrei ciao mio scrivi riassumi traduci spiega dammi crea trova tre grazie bisogno voglio inglese "
    "frasi funzione alle "
    "nostro nostra puoi può già tutto tutti dopo prima ogni altro loro voi noi hanno era molto tra fra",
    "pt": "os as de que do da dos das em um uma para com não por se no na nos nas ao à mais como mas foi ele ela seu sua ou "
    "ser quando muito também já está este esta isso qual quais você eu meu minha pelo pela são seguinte até sem onde "
    "é olá posso porquê sobre escreva resuma traduza explique dê crie encontre três obrigado preciso quero inglês "
    "texto frases função às "
    "nosso nossa pode já todo todos depois antes cada outro eles vocês isto esse essa tem muito entre",
    "nl": "de het een en van is dat op te in voor met niet zijn aan er om ook als dan maar bij naar uit dit deze die door "
    "over hij zij ik je we wat hoe waarom wanneer waar wie kan heeft hebben wordt werd geen mijn uw volgende moet nog "
    "of welke graag kunt mij schrijf vat samen vertaal leg geef maak vind drie bedankt hallo heb engels tekst zinnen "
    "functie uur "
    "onze ons al alle hier dan toen heel veel jij jullie kun kunnen moeten zou deze",
    "pl": "nie na się do to że jest jak po co za od czy dla ten ta tego tej są przez być było ale jego jej które który "
    "która może już tylko oraz lub czym proszę mnie mi mam jaki jaka jakie gdzie kiedy dlaczego następujący tym te "
    "ile kto dzień napisz streść przetłumacz wyjaśnij podaj stwórz znajdź trzech dziękuję potrzebuję chcę angielski "
    "tekst zdaniach funkcję",
    "sv": "och att det är som en på för av med den inte till har om ett de han var jag från men vi kan när så eller ska hur "
    "vad din mig dig också efter vara denna detta följande vilken vilka varför där finns något hej min mitt vill du "
    "skriv sammanfatta översätt förklara ge skapa hitta tre meningar tack behöver engelska text funktion klockan "
    "vänder "
    "måste kunna över under blir bli något nu upp ut mer än eller dessa alla sådan skulle vilja vem endast",
    "da": "og at det er som en på for af med den ikke til har om et de han var jeg fra men vi kan når så eller skal hvordan "
    "hvad din mig dig også efter være denne dette følgende hvilken hvilke hvorfor hvor blev nogle kun mellem hej min "
    "mit vil du lav skriv opsummer oversæt forklar giv find tre sætninger tak brug engelsk tekst funktion der klokken "
    "spørgsmål "
    "må kunne over under bliver bliver været noget nu op ud mere end eller disse alle sådan skulle ville hvem",
    "no": "og å det er som en på for av med den ikke til har om et de han var jeg fra men vi kan når så eller skal hvordan "
    "hva din meg deg også etter være denne dette følgende hvilken hvilke hvorfor hvor ble noen bare mellom hei min "
    "mitt vil du lag skriv oppsummer oversett forklar gi finn tre setninger takk trenger engelsk tekst funksjon "
    "klokka klokken spørsmål "
    "at kun der må kunne over under blir bli vært noe nå opp ut mer enn eller disse alle slik skulle ville hvem",
    "fi": "ja on ei että se ovat oli mutta kun niin myös tai kuin jos hän mitä mikä miten miksi missä milloin kuka tämä "
    "tämän seuraava olen ole voi minä sinä he nyt vain joka jotka kanssa ollut sekä mukaan siitä voiko minun onko hei "
    "kuinka kirjoita tiivistä käännä selitä anna tee etsi kolmeen kiitos tarvitsen haluan englanniksi teksti funktio "
    "ei ole täytyy pitää ole voit olla näitä joko muu mihin mistä kaikki ennen jälkeen siis täällä meidän teidän anna mikäli",
    "cs": "je na se že to do pro jak ale za by po od jsou být bylo jeho který která které tento tato toto také jen nebo co "
    "kde kdy proč kdo prosím mi mě může následující při má podle jako když už jaký jaká ve ze dobrý dnes kolik napiš "
    "shrň přelož vysvětli dej vytvoř najdi tří děkuji potřebuji chci angličtiny text vět funkci seznam "
    "musí být nelze tohoto těchto jeho jejich bez mezi více než každý všechny pouze došlo můžete bude také velmi své",
    "tr": "ve bir bu için ile da de ne mi mı olarak çok daha olan gibi var en ama ya şu kadar sonra nasıl neden nerede "
    "zaman lütfen değil ben sen biz siz her veya ki bana aşağıdaki hangi kim misin mısın olduğu tarafından göre "
    "merhaba kaç nedir yaz özetle çevir açıkla ver oluştur bul üç teşekkürler istiyorum ingilizceye metni fonksiyonu "
    "saat eden",
    "vi": "và của là có không được cho các một trong với những này đã người khi để tôi bạn từ về như hãy gì thế nào tại sao "
    "ở đâu hay ra đến theo sau trên nhiều năm anh em xin bao giờ cái viết tóm tắt dịch giải thích tạo tìm ba câu cảm "
    "ơn cần muốn tiếng văn bản hàm",
    "id": "yang dan di untuk dengan ini dari adalah tidak itu pada dalam akan ke saya anda bagaimana apa mengapa siapa "
    "kapan tolong bisa oleh juga atau telah sebuah karena ada kami kita lebih sudah dapat berikut mana buatkan "
    "jelaskan tentang tulis ringkas terjemahkan beri buat cari tiga terima kasih perlu ingin inggris teks kalimat "
    "fungsi",
    "ro": "și de la în un este pe nu cu ce din care pentru mai sunt se ai ale cum unde când fost să sau acest această "
    "următorul vă rog mi ei dar despre fi ca al te lui între scrie rezumă tradu explică dă creează găsește trei "
    "mulțumesc vreau engleză textul funcție",
    "hu": "az és hogy nem egy van ez is de volt meg csak mint már vagy ha én te ő mi kell lesz következő kérem hogyan miért "
    "hol mikor ki azt ezt amely nagyon között után szerint milyen lehet írj foglald össze fordítsd magyarázd adj "
    "készíts keress három köszönöm szeretnék angolra szöveget mondatban függvényt "
    "lehet csak minden itt ott mert legyen kell hogyha pedig során össze sem volna vagyok azonban",
    "ru": "и в не на что с как это по но из за у от для к же так вы мы он она они был была было его её а или если когда где "
    "почему кто какой пожалуйста мне меня мой следующий можно есть то бы при до также чтобы какие сколько ты я о "
    "напиши переведи объясни дай создай найди трёх спасибо нужно хочу привет текст предложениях функцию которая какая "
    "дела "
    "должно должен быть нет только между после перед все эти этот эта через ли наш ваш ваша нельзя "
    "ли уже можешь может надо тут там ещё очень тогда потом нам вам им",
    "uk": "і в не на що з як це та до за у від для але він вона вони був була було його її або якщо коли де чому хто який "
    "будь ласка мені мене мій наступний можна є то б при також щоб цей які скільки ти ви ми й про напиши переклади "
    "поясни дай створи знайди трьох дякую потрібно хочу привіт текст реченнях функцію яка "
    "чи вже уже наш ваш можеш може має треба тільки між після перед усі всі цього цей ця ще дуже коли б",
    "bg": "и в не на че с как това по но от за са се да е той тя те беше ако когато къде защо кой моля ми мен моят следния "
    "може също или до при след ще какво този тази сте напиши обобщи преведи обясни дай създай намери три благодаря "
    "искам здравейте текст изречения функция коя "
    "трябва бъде може само между след преди всички тези няма има бъдат чрез ли моята нашия",
    "el": "",
    "ar": "",
    "fa": "",
    "he": "",
    "hi": "",
    "th": "",
    "zh": "",
    "ja": "",
    "ko": "",
}  # fmt: skip
"""The commonest little words of each language, and what requests are made of; none where its script tells enough."""

CODES: Final = tuple(WORDS)

LETTERS: Final[Mapping[str, str]] = {
    "de": "ß", "es": "ñ¿¡", "pt": "ãõ", "pl": "łąęńśźż", "cs": "řěů", "tr": "ğış", "fr": "œç", "hu": "őű", "ro": "țăș",
    "sv": "", "da": "æ", "no": "", "vi": "đơư", "ru": "ыэё", "uk": "іїєґ", "bg": "",
}  # fmt: skip
"""Letters that count as a little word each, because few neighbours have them."""

OTHER_CODES: Final[Mapping[str, str]] = {
    "cmn": "zh", "fil": "tl", "in": "id", "iw": "he", "jp": "ja", "nb": "no", "nn": "no", "ji": "yi", "gr": "el", "cz": "cs",
    "dk": "da", "se": "sv", "ua": "uk", "kr": "ko", "vn": "vi",
}  # fmt: skip
"""Codes of which another one is used here, and countries that are taken for languages."""
