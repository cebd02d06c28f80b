"""Other files, and undo, while a job runs. A model comes into the scene it was made for."""

from tests.window import files, mid_job
from tests.window.scenario import scenario


def service(sandbox):
    mid_job.Told(sandbox)
    yield
    assert len(sandbox.charges) == 1


@scenario(service=service, online=True)
def test_new_file_mid_job(artist):
    """It was made for a scene that is gone: it waits for its Import button, and changes nothing."""
    import bpy

    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    yield from mid_job.edit(artist)
    yield from files.new_file(artist)
    objects = sorted(bpy.data.objects.keys())
    mid_job.tell("finish")
    yield from mid_job.ready(artist)
    yield 0.5  # a few ticks, to do something wrong in
    assert artist.task().state.name == "READY"
    assert sorted(bpy.data.objects.keys()) == objects
    assert not bpy.data.is_dirty
    yield from artist.open_sidebar()
    artist.picture("ready")
    assert mid_job.row(artist).startswith("Ready, ")
    yield from artist.click("maquette.receive", task_id=artist.task().id)
    yield from artist.until(artist.models, 20, "the model")
    yield from artist.until(
        lambda: artist.task().state.name == "IMPORTED", 5, "the task to be imported"
    )
    yield from artist.screenshot("imported")


@scenario(service=service, online=True)
def test_other_files_mid_job(artist):
    """A job of a file without a name moves with it when it gets one. The model does not come into
    another file; it comes into its own, where the cursor was, when that is opened again."""
    from pathlib import Path

    import bpy

    home = Path.home()  # where Blender looks first, for a file without a name
    kept, other = home / "a.blend", home / "b.blend"
    yield from artist.open_sidebar()
    bpy.ops.wm.save_as_mainfile(filepath=str(other), copy=True)
    artist.window.scene.cursor.location = (2, -3, 0)
    yield from mid_job.begin(artist)
    yield from files.save_as(artist, kept)
    yield from artist.until(
        lambda: artist.task().origin.file == str(kept), 5, "the task to belong to the saved file"
    )
    yield from files.open_file(artist, other)
    objects = sorted(bpy.data.objects.keys())
    mid_job.tell("finish")
    yield from mid_job.ready(artist)
    yield 0.5  # a few ticks, to do something wrong in
    assert sorted(bpy.data.objects.keys()) == objects
    assert "Made for a.blend; Import puts it here" in mid_job.row(artist)
    artist.picture("in-the-other-file")
    yield from files.open_recent(artist, kept, "TWO")
    yield from artist.until(artist.models, 20, "the model in its own file")
    assert tuple(bpy.data.objects[artist.models()[0]].matrix_world.translation)[:2] == (2, -3)
    yield from artist.until(
        lambda: artist.task().state.name == "IMPORTED", 5, "the task to be imported"
    )
    yield from artist.screenshot("in-its-own-file")


@scenario(service=service, online=True)
def test_undo_around_the_import(artist):
    """Ctrl+Z while the job runs undoes the artist's last step and leaves the task alone. What was
    undone can be redone although the model is ready: it comes after that, as one step among the
    artist's own, back and forth."""
    import bpy

    def cube():
        return round(bpy.data.objects["Cube"].location.x, 3)

    def undo(what, so):
        yield from artist.to_view()
        yield from artist.key("Z", ctrl=True)
        yield from artist.until(so, 5, f"Ctrl+Z to undo {what}")

    def redo(what, so):
        yield from artist.to_view()
        yield from artist.key("Z", ctrl=True, shift=True)
        yield from artist.until(so, 5, f"Ctrl+Shift+Z to redo {what}")

    yield from artist.open_sidebar()
    yield from mid_job.move_cube(artist)
    moved = cube()
    yield from mid_job.begin(artist)
    job = artist.task().accepted.job_id
    yield from mid_job.move_cube(artist)
    moved_on = cube()
    yield from undo("the second move", lambda: cube() == moved)
    assert len(artist.session.tasks()) == 1
    assert artist.task().state.is_open
    assert artist.task().accepted.job_id == job
    mid_job.tell("finish")
    yield from mid_job.ready(artist)
    yield 0.5  # a few ticks, to do something wrong in
    assert "You have just undone something. It comes by itself afterwards." in mid_job.row(artist)
    assert not artist.models()
    yield from redo("the second move", lambda: cube() == moved_on)
    yield from artist.until(artist.models, 30, "the model")
    names = artist.models()
    yield from undo("the import", lambda: not artist.models())
    assert cube() == moved_on
    yield from undo("the second move", lambda: cube() == moved)
    yield from undo("the first move", lambda: cube() == 0)
    yield 0.5  # a few ticks: it does not come again by itself
    assert not artist.models()
    yield from redo("the first move", lambda: cube() == moved)
    yield from redo("the second move", lambda: cube() == moved_on)
    assert not artist.models()
    yield from redo("the import", lambda: artist.models() == names)
    assert cube() == moved_on
    assert len(bpy.data.collections["Maquette"].all_objects) == len(names)
    assert artist.task().state.name == "IMPORTED"
    artist.picture("done-again")
