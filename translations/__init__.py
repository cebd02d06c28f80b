"""Maquette in the languages it knows: a file for each, English text → translation.

tools/messages.py lists what needs one. Blender translates labels, tooltips and names by itself from
what is registered here; what is put together in `core.language.say` comes from the same words.
Thread: main.
"""

import re

import bpy

from ..core import language
from . import de

# Languages without a country: Blender's locale is "de_DE" (4.3.2, 5.2.2), and where nothing is
# registered for that, it takes what is there for the language alone (`_build_translations_cache`,
# source/blender/python/intern/bpy_app_translations.cc).
LANGUAGES: dict[str, dict[str, str]] = {"de": de.WORDS}

# The `translation_context` of properties. In the other contexts Blender's own words come before
# ours (`BLT_pgettext`, source/blender/blentranslation/intern/blt_translation.cc), and what it has
# for "Triangles", "Regular" and "Smooth" means something else: in German "Triangulieren".
CONTEXT = "Maquette"
# Labels of operators and the texts of their buttons are looked up in a context of their own
# (`rna_Operator_register`, source/blender/makesrna/intern/rna_wm.cc).
_CONTEXTS = (
    bpy.app.translations.contexts.default,
    bpy.app.translations.contexts.operator_default,
    CONTEXT,
)

_followed: tuple[str, bool] | None = None


def register(package: str) -> None:
    """Errors: ValueError, if it was not unregistered since the last time."""
    bpy.app.translations.register(
        package,
        {
            code: {(context, text): own for text, own in words.items() for context in _CONTEXTS}
            for code, words in LANGUAGES.items()
        },
    )
    follow()


def unregister(package: str) -> None:
    global _followed
    bpy.app.translations.unregister(package)
    language.use({})
    _followed = None


def follow() -> None:
    """Speak as Blender does from now on. Cheap while nothing changed: drawing and ticks call it."""
    global _followed
    # "en_US" while nothing is translated, "" in a Blender that was built without translations.
    now = bpy.app.translations.locale, bpy.context.preferences.view.use_translate_interface
    if now == _followed:
        return
    _followed = now
    locale, translated = now
    language.use(LANGUAGES.get(re.split(r"[_@.]", locale)[0], {}) if translated else {})
