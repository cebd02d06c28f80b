"""Colors and surfaces: those the prompt names, or a harmony drawn for it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

Color = tuple[int, int, int]  # sRGB, 0..255


@dataclass(frozen=True)
class Palette:
    """main, accent, line: three colors that go together. The rest as in gltf.Material."""

    main: Color
    accent: Color
    line: Color
    metallic: float = 0.0
    roughness: float = 0.35


COLORS: dict[str, Color] = {
    "red": (176, 32, 36), "crimson": (150, 20, 45), "scarlet": (200, 40, 25),
    "ruby": (155, 17, 50), "orange": (222, 116, 32), "amber": (226, 146, 38),
    "yellow": (232, 190, 52), "lemon": (240, 216, 80), "green": (44, 124, 66),
    "lime": (140, 190, 60), "olive": (110, 116, 52), "emerald": (16, 132, 92),
    "jade": (66, 150, 110), "mint": (150, 214, 184), "teal": (20, 120, 124),
    "turquoise": (48, 174, 172), "cyan": (60, 180, 204), "aqua": (90, 196, 208),
    "blue": (34, 78, 164), "navy": (24, 40, 92), "azure": (60, 130, 210),
    "sapphire": (20, 60, 150), "cobalt": (20, 66, 160), "ice": (178, 216, 232),
    "purple": (106, 48, 140), "violet": (120, 70, 176), "amethyst": (134, 84, 186),
    "lavender": (178, 160, 214), "magenta": (184, 40, 130), "pink": (226, 134, 160),
    "rose": (206, 96, 116), "brown": (112, 70, 42), "chocolate": (84, 50, 32),
    "wood": (142, 94, 54), "wooden": (142, 94, 54), "oak": (160, 116, 70),
    "walnut": (92, 60, 40), "terracotta": (184, 96, 62), "clay": (176, 104, 76),
    "sand": (206, 180, 136), "beige": (214, 198, 168), "cream": (236, 226, 202),
    "ivory": (238, 230, 210), "white": (232, 232, 228), "marble": (226, 224, 220),
    "gray": (124, 126, 130), "grey": (124, 126, 130), "stone": (132, 128, 120),
    "granite": (110, 108, 110), "black": (30, 30, 34), "obsidian": (24, 22, 30),
    "coal": (34, 34, 36),
}  # fmt: skip
METALS: dict[str, Color] = {
    "gold": (238, 190, 92), "golden": (238, 190, 92), "silver": (214, 216, 220),
    "bronze": (176, 122, 66), "brass": (212, 176, 96), "copper": (206, 124, 92),
    "steel": (168, 172, 178), "iron": (120, 118, 116), "chrome": (206, 210, 214),
    "metal": (176, 178, 182), "metallic": (176, 178, 182), "platinum": (216, 214, 208),
}  # fmt: skip
# Glazes, stones and lacquers that look well together.
HARMONIES: tuple[tuple[Color, Color, Color], ...] = (
    ((32, 74, 110), (226, 214, 184), (196, 148, 72)),
    ((222, 208, 178), (36, 66, 120), (30, 40, 64)),
    ((46, 104, 92), (214, 190, 132), (28, 50, 48)),
    ((176, 84, 54), (236, 220, 190), (62, 36, 32)),
    ((134, 44, 52), (228, 196, 140), (60, 20, 30)),
    ((96, 142, 140), (238, 232, 216), (48, 78, 86)),
    ((228, 224, 214), (88, 122, 104), (196, 154, 84)),
    ((60, 58, 84), (206, 148, 110), (232, 214, 180)),
    ((206, 150, 62), (70, 52, 74), (240, 226, 196)),
    ((116, 78, 122), (224, 206, 214), (66, 44, 80)),
    ((70, 118, 66), (232, 226, 178), (44, 62, 38)),
    ((38, 40, 46), (196, 152, 86), (214, 208, 198)),
)
GEMS: tuple[tuple[Color, Color, Color], ...] = (
    ((116, 62, 176), (214, 184, 240), (54, 24, 96)),
    ((28, 120, 170), (178, 228, 240), (16, 50, 96)),
    ((22, 138, 98), (172, 236, 200), (8, 62, 54)),
    ((190, 52, 96), (250, 190, 206), (92, 14, 50)),
    ((224, 148, 50), (255, 228, 160), (128, 62, 16)),
    ((120, 170, 190), (238, 248, 250), (56, 92, 120)),
)
ROCKS: tuple[tuple[Color, Color, Color], ...] = (
    ((122, 116, 106), (160, 152, 138), (72, 68, 64)),
    ((104, 108, 112), (140, 146, 150), (58, 60, 66)),
    ((140, 108, 82), (182, 150, 118), (84, 60, 46)),
)


def palette(prompt_words: list[str], rng: random.Random, kind: str) -> Palette:
    """kind: "turned", "gem" or "rock": what is drawn from where no color is named."""
    sets = {"gem": GEMS, "rock": ROCKS}.get(kind, HARMONIES)
    roughness = {"gem": 0.12, "rock": 0.85}.get(kind, 0.3)
    main, accent, line = sets[int(rng.random() * len(sets))]
    drawn = Palette(main, accent, line, roughness=roughness)
    named = [COLORS[word] for word in prompt_words if word in COLORS]
    metals = [METALS[word] for word in prompt_words if word in METALS]
    if metals:
        main = metals[0]
        accent = named[0] if named else mixed(main, (255, 255, 255), 0.25)
        return Palette(main, accent, mixed(main, (20, 12, 8), 0.55), 1.0, 0.28)
    if not named:
        return drawn
    main = named[0]
    if len(named) > 1:
        accent = named[1]
    elif kind == "turned":
        # A light or a dark partner, whichever can be told apart.
        accent = (236, 226, 202) if sum(main) < 420 else mixed(main, (24, 30, 48), 0.7)
    else:
        accent = mixed(main, (255, 255, 255), 0.6)
    return replace(drawn, main=main, accent=accent, line=mixed(main, (12, 12, 20), 0.65))


def mixed(one: Color, other: Color, share: float) -> Color:
    r, g, b = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return r, g, b
