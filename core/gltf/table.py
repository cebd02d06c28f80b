"""The first look at the JSON of a glTF 2.0 file, by a table: which value is of which kind, which
reference leads into which list. What takes several values at once is in rules.py.

Only what Blender's importer looks at is in it; the rest of the specification is not ours to
enforce on a model that was paid for. Thread: any.
"""

from __future__ import annotations

from ..errors import BadModel
from ..language import say
from .kinds import (
    MAX,
    MAX_ENTRIES,
    OTHERWISE,
    PARTS,
    UNSIGNED,
    WIDTHS,
    Json,
    Rule,
    damaged,
    each,
    entries,
    extensions,
    far,
    flag,
    index,
    named,
    one_of,
    other_version,
    real,
    shape,
    text,
    too_much,
    whole,
)

# io/imp/gltf2_io_gltf.py, `extensions_managed`, the same in 4.2, 4.5 and 5.0, without
# KHR_animation_pointer, whose paths it follows without looking.
READABLE = {
    "EXT_mesh_gpu_instancing", "EXT_texture_webp", "KHR_draco_mesh_compression",
    "KHR_lights_punctual", "KHR_materials_anisotropy", "KHR_materials_clearcoat",
    "KHR_materials_emissive_strength", "KHR_materials_ior",
    "KHR_materials_pbrSpecularGlossiness", "KHR_materials_sheen", "KHR_materials_specular",
    "KHR_materials_transmission", "KHR_materials_unlit", "KHR_materials_variants",
    "KHR_materials_volume", "KHR_mesh_quantization", "KHR_texture_transform",
}  # fmt: skip


def check_kinds(content: Json) -> None:
    """Every value the importer looks at is of the right kind, every reference leads somewhere."""
    asset = content.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    if version != "2.0":  # the importer takes nothing else, not even 2.1
        raise other_version(version[:10] if isinstance(version, str) else None)
    _check_addresses(content)
    for name in (*MAX, *TOP):
        if (count := len(entries(content, name))) > MAX.get(name, MAX_ENTRIES):
            raise too_much("it has {count:,} {things}", name, count=count, things=name)
    _check_extensions(content)
    shape(TOP)(content, content, "")
    for number, camera in enumerate(entries(content, "cameras")):
        if camera.get(camera["type"]) is None:
            raise damaged("a part of it is missing", f"cameras[{number}].{camera['type']}")


def _check_addresses(content: Json) -> None:
    """In a GLB everything is inside. The importer opens whatever path a `uri` names, and packs it
    into the scene. `data:` addresses would be harmless, but what is in them could not be judged
    like the rest, and no service is known to write them into a GLB: refused as well."""
    for group in ("buffers", "images"):
        for number, entry in enumerate(entries(content, group)):
            uri = entry.get("uri") if isinstance(entry, dict) else None
            if uri is None:
                continue
            if isinstance(uri, str) and uri.startswith("data:"):
                message = say(
                    "The model carries a part of itself as a data: address, which is not read."
                )
            else:
                message = say(
                    "The model names a file outside itself, which could read files from your"
                    " computer."
                )
            raise BadModel(message, say(OTHERWISE), details=f"{group}[{number}].uri")


def _check_extensions(content: Json) -> None:
    used, needed = (
        [] if content.get(name) is None else content[name]
        for name in ("extensionsUsed", "extensionsRequired")
    )
    each(text)(content, used, "extensionsUsed")
    each(text)(content, needed, "extensionsRequired")
    for name in needed:
        if name not in READABLE:
            shown = name[:60] if name.isprintable() else "?"
            raise BadModel(
                say(
                    "The model needs {name}, an addition to glTF that Blender cannot read.",
                    name=shown,
                ),
                say(OTHERWISE),
            )
        if name not in used:
            raise damaged("it needs what it does not use", f"extensionsRequired: {name}")


WHOLE = whole()
COLOR = each(real, 3)
TEXTURE = shape(
    {
        "index!": index("textures"),
        "texCoord": WHOLE,
        "scale": real,
        "strength": real,
        "extensions": extensions(
            KHR_texture_transform={
                "offset": each(real, 2), "scale": each(real, 2),
                "rotation": real, "texCoord": WHOLE,
            }
        ),
    }
)  # fmt: skip


def _look(reals: str = "", colors: str = "", textures: str = "") -> dict[str, Rule]:
    return (
        dict.fromkeys(reals.split(), real)
        | dict.fromkeys(colors.split(), COLOR)
        | dict.fromkeys(textures.split(), TEXTURE)
    )


MATERIAL_EXTENSIONS = extensions(
    KHR_materials_anisotropy=_look(
        "anisotropyStrength anisotropyRotation", "", "anisotropyTexture"
    ),
    KHR_materials_clearcoat=_look(
        "clearcoatFactor clearcoatRoughnessFactor", "",
        "clearcoatTexture clearcoatRoughnessTexture clearcoatNormalTexture",
    ),
    KHR_materials_emissive_strength=_look("emissiveStrength"),
    KHR_materials_ior=_look("ior"),
    KHR_materials_pbrSpecularGlossiness={
        **_look("glossinessFactor", "specularFactor", "diffuseTexture specularGlossinessTexture"),
        "diffuseFactor": each(real, 4),
    },
    KHR_materials_sheen=_look(
        "sheenRoughnessFactor", "sheenColorFactor", "sheenColorTexture sheenRoughnessTexture"
    ),
    KHR_materials_specular=_look(
        "specularFactor", "specularColorFactor", "specularTexture specularColorTexture"
    ),
    KHR_materials_transmission=_look("transmissionFactor", "", "transmissionTexture"),
    KHR_materials_volume=_look(
        "thicknessFactor attenuationDistance", "attenuationColor", "thicknessTexture"
    ),
)  # fmt: skip

PRIMITIVE = {
    "attributes!": named(index("accessors")),
    "indices": index("accessors"),
    "material": index("materials"),
    "mode": whole(0, 6),
    "targets": each(named(index("accessors"))),
    "extensions": extensions(
        KHR_draco_mesh_compression={
            "bufferView!": index("bufferViews"),
            "attributes!": named(WHOLE),
        },
        KHR_materials_variants={
            "mappings": each(
                shape(
                    {"material": index("materials"), "variants!": each(whole(0, 9999))},
                    null=False,
                )
            )
        },
    ),
}
SPARSE = {
    "count!": whole(1),
    "indices!": shape(
        {
            "bufferView!": index("bufferViews"),
            "byteOffset": WHOLE,
            "componentType!": one_of(*UNSIGNED),
        }
    ),
    "values!": shape({"bufferView!": index("bufferViews"), "byteOffset": WHOLE}),
}

ENTRIES: dict[str, dict[str, Rule]] = {
    "accessors": {
        "bufferView": index("bufferViews"), "byteOffset": WHOLE, "count!": whole(1),
        "componentType!": one_of(*WIDTHS), "type!": one_of(*PARTS), "normalized": flag,
        "min": each(real), "max": each(real), "sparse": shape(SPARSE),
    },
    "animations": {
        "channels!": each(
            shape(
                {"sampler!": WHOLE, "target!": shape({"node": index("nodes"), "path!": text})}
            )
        ),
        "samplers!": each(
            shape(
                {
                    "input!": index("accessors"),
                    "output!": index("accessors"),
                    "interpolation": one_of("LINEAR", "STEP", "CUBICSPLINE"),
                }
            )
        ),
    },
    "buffers": {"byteLength!": whole(1)},
    "bufferViews": {
        "buffer!": index("buffers"), "byteOffset": WHOLE, "byteLength!": whole(1),
        "byteStride": whole(0, 252), "target": WHOLE,
    },
    "cameras": {
        "type!": one_of("perspective", "orthographic"),
        "perspective": shape(
            {"yfov!": real, "znear!": real, "zfar": real, "aspectRatio": real}
        ),
        "orthographic": shape({"xmag!": real, "ymag!": real, "znear!": real, "zfar!": real}),
    },
    "images": {"bufferView!": index("bufferViews"), "mimeType": text},
    "materials": {
        "pbrMetallicRoughness": shape(
            {
                **_look("metallicFactor roughnessFactor", "", "baseColorTexture"),
                **_look("", "", "metallicRoughnessTexture"),
                "baseColorFactor": each(real, 4),
                "extensions": extensions(),
            }
        ),
        **_look("alphaCutoff", "emissiveFactor", "normalTexture occlusionTexture emissiveTexture"),
        "alphaMode": text, "doubleSided": flag, "extensions": MATERIAL_EXTENSIONS,
    },
    "meshes": {"primitives!": each(shape(PRIMITIVE), least=1), "weights": each(real)},
    "nodes": {
        "camera": index("cameras"), "children": each(index("nodes")), "mesh": index("meshes"),
        "skin": index("skins"), "weights": each(real), "matrix": each(far, 16),
        "translation": each(far, 3), "rotation": each(far, 4), "scale": each(far, 3),
        "extensions": extensions(
            KHR_lights_punctual={"light!": index("lights")},
            EXT_mesh_gpu_instancing={"attributes!": named(index("accessors"))},
        ),
    },
    "samplers": {"magFilter": WHOLE, "minFilter": WHOLE, "wrapS": WHOLE, "wrapT": WHOLE},
    "scenes": {"nodes": each(index("nodes"))},
    "skins": {
        "joints!": each(index("nodes"), least=1), "skeleton": index("nodes"),
        "inverseBindMatrices": index("accessors"),
    },
    "textures": {
        "sampler": index("samplers"), "source": index("images"),
        "extensions": extensions(EXT_texture_webp={"source": index("images")}),
    },
}  # fmt: skip
LIGHT = {
    "type!": one_of("directional", "point", "spot"), "name": text, "color": COLOR,
    "intensity": real,
    "spot": shape({"innerConeAngle": real, "outerConeAngle": real}, null=False),
}  # fmt: skip
TOP: dict[str, Rule] = {
    "asset!": shape(dict.fromkeys(("generator", "copyright", "minVersion"), text)),
    # What others refer to comes first.
    "extensions": extensions(
        KHR_lights_punctual={"lights": each(shape(LIGHT, null=False))},
        KHR_materials_variants={"variants!": each(shape({"name!": text}, null=False))},
    ),
    **{
        name: each(shape({"name": text, "extensions": extensions(), **fields}))
        for name, fields in ENTRIES.items()
    },
    "scene": index("scenes"),
}
