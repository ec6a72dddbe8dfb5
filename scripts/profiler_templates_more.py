"""The templates of other languages than English; see scripts/profiler_templates.py."""

from collections.abc import Mapping
from typing import Final

from taskfit.values.profile import Kind

GERMAN: Final[Mapping[Kind, str]] = {
    "classification": r"""
Ordne den folgenden Text einer Kategorie zu: {labels}.\n\n{m}
Ist diese Bewertung positiv, negativ oder neutral?\n{m}
Klassifiziere das Ticket als {labels}.\n{m}
Welche Abteilung ist zuständig: {labels}?\n\n{m}
Ist das Spam? Antworte mit ja oder nein. {m}
Vergib genau ein Label aus {labels}: {m}
""",
    "extraction": r"""
Extrahiere Name, Datum und Betrag aus dem Schreiben.\n\n{m}
Liste alle Firmen auf, die im Text vorkommen.\n{m}
Welche Termine stehen in dieser Nachricht? {m}
Lies Rechnungsnummer und Summe aus und gib sie als JSON zurück.\n{m}
Ziehe alle E-Mail-Adressen heraus: {m}
""",
    "rewriting": r"""
Formuliere den Text freundlicher.\n\n{m}
Korrigiere Rechtschreibung und Grammatik: {m}
Schreibe diesen Absatz um, sodass er kürzer wird.\n{m}
Kannst du das höflicher ausdrücken? {m}
Verbessere meine Formulierung: {m}
Lies bitte Korrektur.\n{m}
""",
    "summarisation": r"""
Fasse den folgenden Text in {n} Sätzen zusammen.\n\n{m}
Was sind die wichtigsten Punkte?\n\n{m}
Gib mir eine Zusammenfassung der Besprechung.\n{m}
Worum geht es in diesem Artikel, kurz? {m}
{m}\n\nKurzfassung bitte.
""",
    "dialogue": r"""
Hallo, wie geht es dir?
Guten Morgen! Schön, dass du da bist.
Lass uns ein bisschen über {topic} plaudern.
Ich fühle mich heute einsam und möchte reden.
Spiel einen Kellner in {place}, ich bin der Gast.
Danke dir, das war sehr nett!
""",
    "question_answering": r"""
Was ist die Hauptstadt von {place}?
Wer hat das {thing} erfunden?
Wann begann der Krieg in {place}?
Was bedeutet {topic}?
Beantworte die Frage nur anhand des Textes.\n\n{m}\n\nFrage: Wann?
Warum ist der Himmel blau?
Wie funktioniert {thing}?
""",
    "reasoning": r"""
Löse dieses Rätsel: {m}
Welche Schlussfolgerung ist zwingend? Begründe.\n{m}
Wäge die Vor- und Nachteile von {topic} ab.
Was ist die wahrscheinlichste Ursache? {m}
Wenn Anna älter ist als Ben und Ben älter als Cem, wer ist der Jüngste?
""",
    "mathematics": r"""
Wie viel ist {num} mal {num}?
Berechne {n} Prozent von {num}.
Löse die Gleichung {n}x + {n} = {num}.
{name} hat {num} Äpfel und verschenkt {n}. Wie viele bleiben übrig?
Bestimme die Ableitung von x^{n}.
""",
    "code": r"""
Schreibe eine Funktion in {pl}, die eine Liste umdreht.
Warum wirft dieser Code einen Fehler?\n{code}
Wie sortiere ich in {pl} nach zwei Feldern?
Erstelle eine SQL-Abfrage für die zehn größten Kunden.
Schreibe Tests für diese Klasse.\n{code}
""",
    "planning": r"""
Plane eine Reise von {n} Tagen nach {place}.
Erstelle einen Lernplan für {n} Wochen.
Mach mir einen Wochenplan für das Essen.
Entwirf einen Projektplan mit Meilensteinen für {topic}.
Stelle eine Checkliste für den Umzug zusammen.
""",
    "creative_writing": r"""
Schreibe ein Gedicht über {topic}.
Erzähl mir eine Gutenachtgeschichte über ein {thing}.
Erfinde einen Werbespruch für {thing}.
Schreibe eine Kurzgeschichte, die in {place} spielt.
Schreib einen Liedtext über {name}.
""",
    "translation": r"""
Übersetze den folgenden Text ins Englische.\n\n{m}
Übersetze auf Französisch: {m}
Wie sagt man "{thing}" auf Spanisch?
Was heißt das auf Deutsch? {m}
Ich brauche eine englische Übersetzung dieser Klausel.\n{m}
""",
    "other": r"""
Bitte um Rückruf.
Anbei die Unterlagen.
Termin am Dienstag passt.
ja
weiter
Mit freundlichen Grüßen {name}
""",
}

FRENCH: Final[Mapping[Kind, str]] = {
    "classification": r"""
Classe ce message dans une catégorie : {labels}.\n\n{m}
Cet avis est-il positif, négatif ou neutre ?\n{m}
Attribue une étiquette parmi {labels} au ticket : {m}
Est-ce un spam ? Réponds par oui ou non. {m}
""",
    "extraction": r"""
Extrais les noms, les dates et les montants.\n\n{m}
Dresse la liste de toutes les entreprises citées dans le texte.\n{m}
Trouve le numéro de facture et renvoie-le en JSON.\n{m}
""",
    "rewriting": r"""
Reformule ce paragraphe sur un ton plus professionnel.\n\n{m}
Corrige l'orthographe et la grammaire : {m}
Réécris ce message pour qu'il soit plus poli. {m}
Améliore le style de ce texte.\n{m}
""",
    "summarisation": r"""
Résume le texte suivant en {n} phrases.\n\n{m}
Quels sont les points essentiels ?\n{m}
Fais une synthèse de cette réunion.\n{m}
En bref, de quoi parle cet article ? {m}
""",
    "dialogue": r"""
Bonjour, comment ça va ?
Salut ! On discute un peu ?
Je me sens seul ce soir, parle avec moi.
Merci beaucoup, c'était très gentil !
""",
    "question_answering": r"""
Quelle est la capitale de {place} ?
Qui a inventé le {thing} ?
Que signifie {topic} ?
Pourquoi le ciel est-il bleu ?
Réponds à la question à partir du texte.\n{m}\nQuestion : quand ?
""",
    "reasoning": r"""
Résous cette énigme : {m}
Pèse le pour et le contre de {topic}.
Quelle conclusion découle de ces prémisses ?\n{m}
Quelle est la cause la plus probable ? {m}
""",
    "mathematics": r"""
Combien font {num} fois {num} ?
Calcule {n} % de {num}.
Résous l'équation {n}x + {n} = {num}.
{name} a {num} pommes et en donne {n}. Combien en reste-t-il ?
""",
    "code": r"""
Écris une fonction en {pl} qui inverse une liste.
Pourquoi ce code plante-t-il ?\n{code}
Comment trier un tableau par deux champs en {pl} ?
Écris une requête SQL pour les dix meilleurs clients.
""",
    "planning": r"""
Prépare un voyage de {n} jours à {place}.
Fais-moi un programme de révision sur {n} semaines.
Établis un plan de projet avec des jalons pour {topic}.
Propose un menu pour la semaine.
""",
    "creative_writing": r"""
Écris un poème sur {topic}.
Raconte-moi une histoire avant de dormir avec un {thing}.
Invente un slogan pour {thing}.
Écris une nouvelle qui se passe à {place}.
""",
    "translation": r"""
Traduis le texte suivant en anglais.\n\n{m}
Traduis en allemand : {m}
Comment dit-on « {thing} » en espagnol ?
Peux-tu mettre cela en français ? {m}
""",
    "other": r"""
Merci de me rappeler.
Veuillez trouver ci-joint le document.
oui
d'accord
Rendez-vous mardi à neuf heures.
""",
}

SPANISH: Final[Mapping[Kind, str]] = {
    "classification": r"""
Clasifica el siguiente mensaje como {labels}.\n\n{m}
¿La reseña es positiva, negativa o neutra?\n{m}
Asigna una categoría ({labels}) a este ticket: {m}
¿Es spam? Responde sí o no. {m}
""",
    "extraction": r"""
Extrae los nombres, las fechas y los importes.\n\n{m}
Enumera todas las empresas que aparecen en el texto.\n{m}
Saca el número de factura y devuélvelo en JSON.\n{m}
""",
    "rewriting": r"""
Reescribe este párrafo con un tono más formal.\n\n{m}
Corrige la gramática y la ortografía: {m}
Haz este mensaje más amable. {m}
Mejora la redacción de este correo.\n{m}
""",
    "summarisation": r"""
Resume el siguiente texto en {n} frases.\n\n{m}
¿Cuáles son los puntos principales?\n{m}
Haz un resumen de la reunión.\n{m}
En pocas palabras, ¿de qué trata el artículo? {m}
""",
    "dialogue": r"""
Hola, ¿cómo estás?
Buenos días, ¿qué tal?
Hoy me siento triste, ¿hablamos un rato?
¡Muchas gracias, me ayudaste mucho!
""",
    "question_answering": r"""
¿Cuál es la capital de {place}?
¿Quién inventó el {thing}?
¿Qué significa {topic}?
¿Por qué el cielo es azul?
Responde a la pregunta usando solo el texto.\n{m}\nPregunta: ¿cuándo?
""",
    "reasoning": r"""
Resuelve este acertijo: {m}
Valora los pros y los contras de {topic}.
¿Qué conclusión se sigue de estas premisas?\n{m}
¿Cuál es la causa más probable? {m}
""",
    "mathematics": r"""
¿Cuánto es {num} por {num}?
Calcula el {n} % de {num}.
Resuelve la ecuación {n}x + {n} = {num}.
{name} tiene {num} manzanas y regala {n}. ¿Cuántas le quedan?
""",
    "code": r"""
Escribe una función en {pl} que invierta una lista.
¿Por qué falla este código?\n{code}
¿Cómo ordeno una lista por dos campos en {pl}?
Escribe una consulta SQL con los diez mejores clientes.
""",
    "planning": r"""
Planifica un viaje de {n} días a {place}.
Hazme un plan de estudio de {n} semanas.
Crea un plan de proyecto con hitos para {topic}.
Prepara un menú semanal.
""",
    "creative_writing": r"""
Escribe un poema sobre {topic}.
Cuéntame un cuento para dormir sobre un {thing}.
Inventa un eslogan para {thing}.
Escribe un relato corto ambientado en {place}.
""",
    "translation": r"""
Traduce el siguiente texto al inglés.\n\n{m}
Traduce al alemán: {m}
¿Cómo se dice "{thing}" en francés?
¿Puedes pasar esto al español? {m}
""",
    "other": r"""
Por favor, llámeme.
Adjunto los documentos.
sí
vale
La cita es el martes.
""",
}
