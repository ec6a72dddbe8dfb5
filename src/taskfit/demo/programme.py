"""The order in which the scenes are shown, under their headings."""

from taskfit.demo import scenes, trouble, trust
from taskfit.demo.scene import Scene

PROGRAMME: tuple[tuple[str, tuple[Scene, ...]], ...] = (
    ("Support messages: a small model files them", scenes.SUPPORT_TRIAGE),
    ("Extraction: what was cut off or filtered goes to the next rung", scenes.EXTRACTION),
    ("Code: a larger model goes first", scenes.CODE),
    ("Documents: a model whose window is too small is left out before any call", scenes.DOCUMENTS),
    ("Sums: an equation that does not hold moves the question up", scenes.SUMS),
    ("Hard questions: so does a model that does not know", scenes.HARD),
    ("Conversations: streams, tools, and models asked for by name", trouble.CONVERSATIONS),
    ("Trust: what a rule or a schema finds is mended, or goes to the next rung", trust.RULES),
    ("Several at once: two that must agree, and a race", trust.SEVERAL),
    ("Before and after the models: masks, a filter, a person", trust.PEOPLE),
    ("Patience: where there is no other model, the same one again", trust.PATIENCE),
    ("Models that fail: one deadline, one clear error at the end", trouble.FAILING_MODELS),
    ("Requests that are themselves at fault", trouble.BAD_REQUESTS),
)
SCENES = tuple(scene for _, group in PROGRAMME for scene in group)
