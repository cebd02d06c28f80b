"""`make demo`: what a new user does, done by a headless Blender, with a picture at the end.

Installs the built zip into a clean profile, makes four models through the Sandbox with the real
operators (text and picture, by both protocols), imports them, renders the scene with Cycles on the
CPU and prints what came of it. Needs no key and no network. Run by nox inside a bpy environment.
"""

import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "dist" / "demo"
PATIENCE = 60.0  # seconds for one model

profile = tempfile.mkdtemp(prefix="maquette-demo-")
os.environ["BLENDER_USER_RESOURCES"] = profile
for name in ("HYPER3D_API_KEY", "RODIN_API_KEY", "TRIVERSE_API_KEY"):
    os.environ.pop(name, None)

import bpy  # noqa: E402 - reads the profile's place when it is imported


def main() -> int:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    install()
    from bl_ext.user_default.maquette import session

    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    picture = render_monkey(OUTPUT / "picture.png")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)

    jobs = [
        ("Rodin", "a tall blue porcelain vase", ""),
        ("Triverse", "a golden crystal", ""),
        ("Rodin", "", picture),
        ("Triverse", "", picture),
    ]
    rows = []
    for place, (protocol, prompt, image) in enumerate(jobs):
        bpy.context.scene.cursor.location = (1.7 * place - 2.55, 0.0, 0.0)
        rows.append(generate(session, protocol, prompt, image))

    blend, render = OUTPUT / "demo.blend", OUTPUT / "demo.png"
    light_and_camera()
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    render_to(render, 960, 480, samples=32)

    print(f"\n{'task':34}{'protocol':10}{'seconds':>8}{'triangles':>11}  file")
    for row in rows:
        print("{:34}{:10}{:8.2f}{:11,}  {}".format(*row))
    print(f"\nscene:   {blend}\npicture: {render}")
    return 0


def install() -> None:
    zips = sorted((ROOT / "dist").glob("maquette-*.zip"))
    if not zips:
        sys.exit("dist/ holds no zip: run make build first")
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.extensions.package_install_files(
        filepath=str(zips[-1]), repo="user_default", enable_on_install=True
    )


def generate(session, protocol: str, prompt: str, image: str) -> tuple:
    settings = bpy.context.scene.maquette
    settings.prompt = prompt
    settings.options_sandbox.protocol = protocol
    settings.options_sandbox.seed = 7
    settings.pictures.clear()
    if image:
        bpy.ops.maquette.picture_add(
            directory=str(Path(image).parent), files=[{"name": Path(image).name}]
        )
    before = {task.id for task in session.tasks()}
    began = time.perf_counter()
    if bpy.ops.maquette.generate() != {"FINISHED"}:
        sys.exit("Generate did not start")
    # Timers never fire in background Blender; a window would call this by itself.
    while time.perf_counter() - began < PATIENCE:
        session.tick()
        new = [task for task in session.tasks() if task.id not in before]
        if new and new[0].state == "imported":
            task = new[0]
            seconds = time.perf_counter() - began
            model = Path(task.folder) / task.model
            kept = OUTPUT / f"{Path(task.folder).name}.glb"
            shutil.copyfile(model, kept)
            return task.title, protocol, seconds, task.triangles, kept
        if new and not new[0].state.is_open and new[0].state != "ready":
            sys.exit(f"{new[0].title}: {new[0].message} {new[0].advice}")
        time.sleep(0.02)
    sys.exit("no model after a minute")


def render_monkey(path: Path) -> str:
    """A real picture to make a model from: Blender's monkey on nothing."""
    bpy.ops.mesh.primitive_monkey_add(rotation=(0, 0, math.radians(15)))
    monkey = bpy.context.object
    bpy.ops.object.shade_smooth()
    monkey.modifiers.new("Subdivision", "SUBSURF").render_levels = 2
    monkey.data.materials.append(material("Clay", (0.75, 0.25, 0.12), 0.5))
    add_light((2, -3, 4), 250)
    add_camera((0, -5.5, 0.5), (0, 0, 0), 60)
    bpy.context.scene.render.film_transparent = True
    render_to(path, 512, 512, samples=24)
    return str(path)


def light_and_camera() -> None:
    bpy.ops.mesh.primitive_plane_add(size=2000)
    bpy.context.object.data.materials.append(material("Ground", (0.55, 0.57, 0.6), 0.9))
    add_light((-4, -6, 7), 900)
    add_light((6, -3, 4), 350)
    add_camera((0, -9.0, 2.6), (0, 0, 0.62), 46)
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.5, 0.6, 0.75, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.5
    bpy.context.scene.world = world


def material(name: str, colour: tuple, roughness: float) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = roughness
    return made


def add_light(location: tuple, power: float) -> None:
    bpy.ops.object.light_add(type="AREA", location=location)
    light = bpy.context.object
    light.data.energy, light.data.size = power, 4
    aim(light, (0, 0, 0.5))


def add_camera(location: tuple, target: tuple, lens: float) -> None:
    bpy.ops.object.camera_add(location=location)
    camera = bpy.context.object
    camera.data.lens = lens
    aim(camera, target)
    bpy.context.scene.camera = camera


def aim(thing: bpy.types.Object, target: tuple) -> None:
    import mathutils

    direction = mathutils.Vector(target) - thing.location
    thing.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()


def render_to(path: Path, width: int, height: int, samples: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", samples
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    try:
        code = main()
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    sys.exit(code)
