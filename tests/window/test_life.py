"""Blender ends, is killed, or loses the extension while a job runs: it goes on, charged once."""

from tests.window import files, mid_job
from tests.window.scenario import next_start, scenario

PACKAGE = "bl_ext.user_default.maquette"
# After a kill. A process that is seen to be dead loses its tasks at once; but in a lab each start
# has processes of its own and mostly sees no other's, like one in Flatpak: then the lease has to
# end.
TAKEN_OVER = 90.0


def service(sandbox):
    mid_job.Told(sandbox)
    yield
    assert len(sandbox.charges) == 1


# --- Ctrl+Q ---------------------------------------------------------------------------------


@scenario(service=service, online=True)
def test_quit_and_start_again(artist):
    """Saved when Blender asks, quit, started again: the job goes on by itself, and the model comes
    into its file when that is open."""
    import bpy

    bpy.ops.wm.save_as_mainfile(filepath=str(artist.folder / "mine.blend"))
    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    yield from mid_job.edit(artist)
    yield from files.quit_by_keys(artist, "RET")


@next_start(test_quit_and_start_again)
def opens_it_again(artist):
    yield from artist.until(artist.task, 10, "the list of tasks")
    assert artist.task().state.is_open
    yield from files.open_recent(artist, artist.folder / "mine.blend")
    assert not artist.models()
    artist.picture("reopened")
    mid_job.tell("finish")
    yield from artist.until(artist.models, 40, "the model")


def sending(sandbox):
    """The first order for Rodin is answered while Blender quits; the second and the one for
    Triverse are not answered as long as it lives."""
    import threading

    from tests.services import faults

    told = mid_job.Told(sandbox)
    quitting, again = threading.Event(), threading.Event()
    numbers = []

    def at_word(word):
        if word == "quitting":
            threading.Timer(1.0, quitting.set).start()
        elif word == "again":
            again.set()

    def note_number(request, carry_out):
        numbers.append(request.json()["client_order_id"])
        return carry_out() if len(numbers) > 1 else mid_job.held(again)(request, carry_out)

    told.at_word = at_word
    told.fault = faults.any_of(
        faults.on(faults.RODIN_SUBMIT, mid_job.held(quitting)),
        faults.on(faults.RODIN_SUBMIT, mid_job.held(again)),
        faults.on(faults.TRIVERSE_CREATE, note_number, times=None),
    )
    yield
    assert len(sandbox.charges) == 3
    assert len(numbers) == 2
    assert numbers[0] == numbers[1]


@scenario(service=sending, online=True, idle=True, seconds=150)
def test_quit_while_sending(artist):
    """Three orders are on the wire. What is answered at the last moment is noted down. Of the
    others, the service that takes an order number gets the same again; for the other one the row
    asks whether to risk a second charge, and Enter does not."""
    yield from artist.open_sidebar()
    orders = (("rodin", "a red vase"), ("rodin", "a green vase"), ("triverse", "a blue vase"))
    for number, (kind, prompt) in enumerate(orders, 1):
        yield from mid_job.press_generate(artist, kind, prompt)
        yield from artist.until(lambda n=number: mid_job.tell("count") == n, 20, "its charge")
        yield 1.2  # sooner than a second after it, a click is taken for a double click's second
    assert not any(task.accepted for task in artist.session.tasks())
    artist.picture("sending")
    mid_job.tell("quitting")
    yield from files.quit_by_keys(artist)


@next_start(test_quit_while_sending)
def looks_what_became_of_it(artist):
    def rows():
        return {task.title: mid_job.row(artist, task) for task in artist.session.tasks()}

    mid_job.tell("again")
    yield from artist.open_sidebar()
    yield from artist.until(
        lambda: len(artist.session.tasks()) == 3 and not any(map(is_sending, rows().values())),
        TAKEN_OVER,
        "the list of tasks to be settled",
    )
    artist.picture("settled")
    blue, green, red = artist.session.tasks()
    assert red.accepted
    assert red.state.is_open
    assert blue.accepted
    assert blue.state.is_open
    assert rows()["a green vase"] == (
        "Not confirmed | It is not known whether Hyper3D Rodin took this job."
        " Blender closed before the answer came. | Generate Again…"
    )
    yield from artist.click("maquette.retry", task_id=green.id)
    yield from artist.screenshot("asks-first")
    yield from artist.key("RET")
    yield 1.0  # enough to send it
    assert artist.session.task(green.id).state.name == "UNCONFIRMED"
    assert mid_job.tell("finish") == 3
    yield from mid_job.ready(artist)
    yield from artist.screenshot("ready")
    assert [task.state.name for task in artist.session.tasks()] == ["READY", "UNCONFIRMED", "READY"]


def is_sending(row):
    return row.startswith("Sending")


# --- SIGKILL --------------------------------------------------------------------------------


def counting(sandbox):
    """The model comes slowly the first time. What was sent of it is counted."""
    import hashlib

    from tests.services import faults

    told = mid_job.Told(sandbox)
    slowly = faults.on(faults.MODEL, faults.slow(30_000, 0.25))
    sent = []

    def note(request, carry_out):
        reply = slowly(request, carry_out) or carry_out()
        sent.append((request.headers.get("range", ""), reply))
        return reply

    told.fault = faults.on(faults.MODEL, note, times=None)
    yield
    assert len(sandbox.charges) == 1
    (asked, first), (asked_again, second) = sent
    assert asked == ""
    assert asked_again.startswith("bytes="), "the download began anew"
    had = int(asked_again.removeprefix("bytes=").removesuffix("-"))
    print(f"{len(first.body):,} bytes; killed at {had:,}; then {len(second.body):,} were sent")
    assert int(told.values["part"]) <= had < len(first.body)
    assert second.status == 206
    assert second.body == first.body[had:]
    assert told.values["digest"] == hashlib.sha256(first.body).hexdigest()


@scenario(service=counting, online=True, idle=True, seconds=150)
def test_killed_mid_job_and_mid_download(artist):
    """SIGKILL while the service works, and again while the model comes: each start goes on where
    the one before was, and the download with what it has."""
    import bpy

    bpy.ops.wm.save_as_mainfile(filepath=str(artist.folder / "mine.blend"))
    yield from files.save(artist)
    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    artist.die()


@next_start(test_killed_mid_job_and_mid_download)
def is_killed_mid_download(artist):
    mid_job.tell("finish")
    yield from artist.until(
        lambda: artist.task() and artist.task().received, TAKEN_OVER, "the download"
    )
    assert artist.task().state.name == "DOWNLOADING"
    (part,) = artist.session.folders().downloads.glob("*.part")
    mid_job.tell("killed", part=part.stat().st_size)
    artist.die()


@next_start(test_killed_mid_job_and_mid_download)
def gets_the_rest(artist):
    import hashlib
    from pathlib import Path

    yield from artist.until(artist.task, 10, "the list of tasks")
    yield from artist.until(
        lambda: artist.task().state.name == "READY", TAKEN_OVER, "the rest of the model"
    )
    model = Path(artist.task().folder, artist.task().model)
    mid_job.tell("has", digest=hashlib.sha256(model.read_bytes()).hexdigest())
    assert not list(artist.session.folders().downloads.iterdir())
    yield from files.open_recent(artist, artist.folder / "mine.blend")
    yield from artist.until(artist.models, 20, "the model in its file")


# --- Preferences > Add-ons ------------------------------------------------------------------


def twice(sandbox):
    """The first order is answered at once, the second when the extension is being disabled."""
    import threading

    from tests.services import faults

    told = mid_job.Told(sandbox)
    disabling = threading.Event()

    def at_word(word):
        if word == "disabling":
            threading.Timer(1.0, disabling.set).start()

    told.at_word = at_word
    told.fault = faults.on(faults.RODIN_SUBMIT, mid_job.held(disabling), after=1)
    yield
    assert len(sandbox.charges) == 2


@scenario(service=twice, online=True)
def test_disabled_mid_job(artist):
    """The checkbox off and on again, while the service works and while an order is on the wire:
    nothing of ours is left in between, then each job goes on by itself."""
    import threading

    import bpy

    def tick(operator):
        """A click on our checkbox; the preferences are open in the newest window."""
        artist.window_number = -1
        yield from artist.click(operator, area="PREFERENCES", region="WINDOW", module=PACKAGE)
        yield from artist.until(
            lambda: (PACKAGE in bpy.context.preferences.addons) == operator.endswith("enable"),
            10,
            operator,
        )
        artist.window_number = 0

    before = set(threading.enumerate())
    bpy.ops.wm.save_as_mainfile(filepath=str(artist.folder / "mine.blend"))
    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    bpy.context.window_manager.addon_search = "Maquette"
    with artist.override():
        bpy.ops.screen.userpref_show("INVOKE_DEFAULT", section="ADDONS")
    yield from artist.settle()

    yield from tick("preferences.addon_disable")
    assert not artist.left(), artist.left()
    assert set(threading.enumerate()) <= before
    assert our_keys() == []
    yield from artist.screenshot("disabled")
    yield from tick("preferences.addon_enable")
    yield from artist.until(artist.task, 10, "the list of tasks")
    assert artist.task().state.is_open
    mid_job.tell("finish")
    yield from artist.until(artist.models, 40, "the model")

    bpy.ops.wm.save_mainfile()
    yield from artist.open_sidebar()
    yield from mid_job.press_generate(artist, "rodin", "another vase")
    yield from artist.until(lambda: mid_job.tell("count") == 2, 20, "the second charge")
    assert not artist.task().accepted
    mid_job.tell("disabling")
    yield from tick("preferences.addon_disable")
    assert not artist.left(), artist.left()
    assert set(threading.enumerate()) <= before
    assert (yield from mid_job.timers_of_window(artist)) == 0
    yield from tick("preferences.addon_enable")
    yield from artist.until(artist.task, 10, "the list of tasks")
    assert artist.task().accepted
    assert artist.task().state.is_open
    mid_job.tell("finish")
    yield from artist.until(lambda: len(artist.models()) == 2, 40, "the second model")


def our_keys():
    """As the user sees them in Preferences > Keymap."""
    import bpy

    keymaps = bpy.context.window_manager.keyconfigs.user.keymaps
    names = [item.idname for keymap in keymaps for item in keymap.keymap_items]
    return [name for name in names if name.startswith("maquette.")]
