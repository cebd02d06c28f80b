"""`blender --command maquette …`: the same engine without a window.

Exit codes: 0 done, 1 failed with one line on stderr, 2 wrong usage. What was asked for goes to
stdout, everything else to stderr, all in English. An interrupted `generate` leaves a task that
`resume` finishes.
Thread: main; the engine's threads do the work.
"""

import argparse
import contextlib
import functools
import json
import queue
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import bpy

from . import pictures, session
from .core import language, sandbox, wording
from .core.engine import (
    BalanceKnown,
    Engine,
    Folders,
    Notice,
    TaskChanged,
    TaskRemoved,
    Trouble,
)
from .core.errors import BadRequest, MaquetteError, SetupError
from .core.ledger import Ledger
from .core.model import OptionValue, Retry, Task, TaskState, new_task_id, retry_means
from .core.providers import all_providers, get_provider
from .core.providers.base import Provider
from .core.providers.options import Option, make_request
from .core.storage import storage_error

PROGRAM = "blender --command maquette"
DONE, FAILED, USAGE = 0, 1, 2
ANSWER_SECONDS = 150.0


class _Interrupted(Exception):
    """SIGINT or SIGTERM."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Called by Blender with what follows `maquette`."""
    language.use({})  # not Blender's, for programs; it is asked for again only when that changes
    try:
        options = _parser().parse_args(list(arguments))
    except SystemExit as stop:  # argparse has printed what is wrong, or the help
        return int(stop.code or DONE)
    try:
        with _signals():
            return int(options.run(options))
    except BadRequest as error:
        _say(f"{PROGRAM}: {error}")
        return USAGE
    except MaquetteError as error:
        _say(f"{PROGRAM}: {error}")
        return FAILED
    except _Interrupted:
        _say(f"{PROGRAM}: Interrupted. `resume` finishes what was sent and prints where it lies.")
        return FAILED
    finally:
        sandbox.stop_all()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Make 3D models from text and pictures."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], about: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print JSON for programs")
        return sub

    names = [provider.id for provider in all_providers()]
    command("services", _services, "list the services, their options and whether they have a key")
    sub = command("generate", _generate, "make one model and wait for it")
    sub.add_argument("--service", choices=names, default=names[0])
    sub.add_argument("--prompt", default="", metavar="TEXT")
    sub.add_argument("--negative-prompt", default="", metavar="TEXT")
    sub.add_argument("--image", nargs="+", action="extend", default=[], metavar="FILE")
    sub.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    sub.add_argument("--output", type=Path, metavar="FILE.glb|FILE.blend")
    sub.add_argument("--timeout", type=float, metavar="SECONDS", help="stop watching after this")
    command("tasks", _tasks, "list all tasks, newest first")
    sub = command("resume", _resume, "finish whatever is open and print where it lies")
    sub.add_argument("--timeout", type=float, metavar="SECONDS", help="stop watching after this")
    sub = command("balance", _balance, "ask a service for the credits left")
    sub.add_argument("--service", choices=names, required=True)
    return parser


# --- commands -------------------------------------------------------------------------------


def _services(options: argparse.Namespace) -> int:
    accounts = session.accounts()
    rows = [
        {
            "service": provider.id,
            "label": provider.label,
            "about": provider.description,
            "key": accounts.key_from(provider) if provider.needs_key else "not needed",
            "url": accounts.account(provider).base_url if provider.needs_network else "",
            "problem": accounts.problem(provider),
            "options": {option.name: _values(option) for option in provider.options},
        }
        for provider in all_providers()
    ]
    if options.json:
        print(json.dumps(rows))
        return DONE
    for row in rows:
        print(f"{row['service']}: {row['label']}. {row['about']}.")
        print(f"  {row['problem'] or 'key: ' + str(row['key'])}")
        for name, values in row["options"].items():
            print(f"  --option {name}={values}")
    return DONE


def _generate(options: argparse.Namespace) -> int:
    provider = get_provider(options.service)
    if options.output:
        _check_output(options.output)
    settings = dict(_setting(provider, text) for text in options.option)
    for image in options.image:
        pictures.check(image)
    # Everything is checked before the pictures are converted: that takes a while.
    ask = functools.partial(
        make_request,
        provider,
        prompt=options.prompt,
        negative_prompt=options.negative_prompt,
        settings=settings,
    )
    ask(pictures=options.image)
    if problem := session.accounts().problem(provider):
        raise SetupError(problem)
    if provider.needs_network and not session.online():
        raise SetupError(
            "Blender is set to work offline.",
            "Start it with --online-mode or turn on Allow Online Access in Preferences > System.",
        )
    folders = session.folders()
    task_id = new_task_id()
    made = []
    for number, image in enumerate(options.image, 1):
        made.append(folders.inputs(task_id) / f"{number}.png")
        pictures.to_png(image, made[-1])
    request = ask(pictures=[str(path) for path in made])
    with _engine(folders, adopt=False) as (engine, inbox):
        engine.generate(request, task_id=task_id)
        tasks = _follow(inbox, {task_id}, options)
    task = tasks[task_id]
    output = ""
    if task.state is TaskState.READY and options.output:
        output = _write_output(task, options.output)
    return _tell([task], options.json, output)


def _tasks(options: argparse.Namespace) -> int:
    ledger = Ledger(session.folders().ledger)
    tasks = ledger.tasks()[::-1]
    ledger.close()
    if options.json:
        print(json.dumps([_as_json(task) for task in tasks]))
        return DONE
    for task in tasks:
        words = wording.describe(task, time.time())
        where = task.folder or task.message
        print(f"{task.id[:8]}  {task.request.provider:9}{words.state:14}{task.title:42}{where}")
    if not tasks:
        _say("No tasks yet.")
    return DONE


def _resume(options: argparse.Namespace) -> int:
    folders = session.folders()
    ledger = Ledger(folders.ledger)
    known = ledger.tasks()
    ledger.close()
    open_ids = {task.id for task in known if task.state.is_open}
    failed = {task.id for task in known if _is_free_to_fetch(task)}
    unclear = [task for task in known if task.state is TaskState.UNCONFIRMED]
    for task in unclear:
        _say(f"{PROGRAM}: “{task.title}”: {task.message} {task.advice}")
        _say("The list of tasks in Blender has the button for that.")
    if not open_ids and not failed:
        if options.json:
            print("[]")
        _say("Nothing is open." if not unclear else "Nothing else is open.")
        return FAILED if unclear else DONE
    with _engine(folders, adopt=True) as (engine, inbox):
        engine.open()
        tasks = _follow(inbox, open_ids | failed, options, failed, engine.resume)
    return _tell(list(tasks.values()), options.json)


def _is_free_to_fetch(task: Task) -> bool:
    """Its job was taken, and something went wrong afterwards."""
    if task.state is not TaskState.FAILED:
        return False
    try:
        repeatable = get_provider(task.request.provider).repeatable
    except MaquetteError:  # a service that is no longer there
        return False
    return retry_means(task, repeatable) is Retry.RESUME


def _balance(options: argparse.Namespace) -> int:
    with _engine(session.folders(), adopt=False) as (engine, inbox):
        engine.balance(options.service)
        try:
            notice = inbox.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise SetupError("The service did not answer in time.") from None
    assert isinstance(notice, BalanceKnown)
    if notice.balance is None:
        _say(f"{PROGRAM}: {notice.message} {notice.advice}".rstrip())
        return FAILED
    if options.json:
        balance = notice.balance
        print(json.dumps({"credits": balance.credits, "frozen": balance.frozen}))
    else:
        print(wording.credits(notice.balance.credits))
    return DONE


# --- parts ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _engine(
    folders: Folders, *, adopt: bool
) -> "Iterator[tuple[Engine, queue.SimpleQueue[Notice]]]":
    inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    engine = Engine(
        folders, session.accounts(), online=session.online, publish=inbox.put, adopt=adopt
    )
    try:
        yield engine, inbox
    finally:
        engine.close(patience=5.0)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise _Interrupted

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: Blender's own, written in C; it cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _follow(
    inbox: "queue.SimpleQueue[Notice]",
    open_ids: set[str],
    options: argparse.Namespace,
    failed: Collection[str] = (),
    resume: Callable[[str], None] = lambda task_id: None,
) -> dict[str, Task]:
    """Show progress until none of the tasks is open or the time is over; returns them as they
    are then, in the order they came in. failed: those that are to be resumed first."""
    failed = set(failed)
    until = time.monotonic() + options.timeout if options.timeout else float("inf")
    tasks: dict[str, Task] = {}
    waiting = set(open_ids)
    while waiting and time.monotonic() < until:
        try:
            notice = inbox.get(timeout=0.2)
        except queue.Empty:
            notice = None
        match notice:
            case TaskChanged(task=task) if task.id in open_ids:
                tasks[task.id] = task
                if task.id in failed:
                    failed.discard(task.id)
                    resume(task.id)
                elif not task.state.is_open:
                    waiting.discard(task.id)
            case TaskRemoved(task_id=task_id):
                waiting.discard(task_id)  # by another Blender
            case Trouble(message=message, advice=advice) if message:
                raise SetupError(message, advice)
        _progress(tasks.values())
    _progress(())
    return tasks


_shown = ""


def _progress(tasks: Iterable[Task]) -> None:
    """One line that overwrites itself, on a terminal only."""
    global _shown
    if not sys.stderr.isatty():
        return
    parts = []
    for task in tasks:
        words = wording.describe(task, time.time()).line
        parts.append(f"{task.title}: {words}. {task.note}".rstrip(". "))
    line = " | ".join(parts)[: max(20, shutil.get_terminal_size().columns - 1)]
    if line != _shown:
        sys.stderr.write("\r\x1b[K" + line)
        sys.stderr.flush()
        _shown = line


def _tell(tasks: list[Task], as_json: bool, output: str = "") -> int:
    """Where everything lies, or why not. 1 if any task is not ready."""
    if as_json:
        rows = [{**_as_json(task), **({"output": output} if output else {})} for task in tasks]
        print(json.dumps(rows))
    code = DONE
    for task in tasks:
        if task.state in (TaskState.READY, TaskState.IMPORTED):
            if not as_json:
                print(output or str(Path(task.folder) / task.model))
            continue
        code = FAILED
        reason = " ".join(filter(None, (task.message, task.advice)))
        if task.state.is_open:
            reason = f"Not finished in time. `{PROGRAM} resume` finishes it."
        _say(f"{PROGRAM}: {reason}")
    return code


def _as_json(task: Task) -> dict[str, object]:
    return {
        "task": task.id,
        "service": task.request.provider,
        "title": task.title,
        "state": task.state.value,
        "job_id": task.accepted.job_id if task.accepted else None,
        "credits": task.accepted.cost if task.accepted else None,
        "created": task.created,
        "seconds": round(task.finished - task.created, 3) if task.finished else None,
        "folder": task.folder or None,
        "model": str(Path(task.folder) / task.model) if task.model else None,
        "triangles": task.triangles or None,
        "message": task.message or None,
        "advice": task.advice or None,
    }


def _values(option: Option) -> str:
    match option.kind:
        case "bool":
            return "true|false"
        case "choice":
            return "|".join(choice.value for choice in option.choices)
        case "ints":
            return ",".join(["N"] * option.size)
        case "int" if option.minimum is not None and option.maximum is not None:
            return f"{option.minimum}…{option.maximum}"
    return "TEXT" if option.kind == "text" else "N"


def _setting(provider: type[Provider], text: str) -> tuple[str, OptionValue]:
    """NAME=VALUE as a setting; whether the value is right is checked with all the others."""
    name, equals, value = text.partition("=")
    option = next((option for option in provider.options if option.name == name), None)
    if not equals:
        raise BadRequest(f"--option {text!r} is not NAME=VALUE.")
    if option is None:
        known = ", ".join(option.name for option in provider.options)
        raise BadRequest(f"{provider.label} has no option {name!r}.", f"It has: {known}.")
    try:
        match option.kind:
            case "bool":
                return name, {"true": True, "false": False}[value.lower()]
            case "int":
                return name, int(value)
            case "ints":
                return name, tuple(int(part) for part in value.split(","))
    except (ValueError, KeyError):
        raise BadRequest(f"--option {name} takes {_values(option)}, not {value!r}.") from None
    return name, value


def _check_output(path: Path) -> None:
    """Said before anything is paid for."""
    if path.suffix.lower() not in (".glb", ".blend"):
        raise BadRequest(f"--output {path} must end in .glb or .blend.")
    if not path.parent.is_dir():
        raise BadRequest(f"--output: the folder {path.parent} does not exist.")


def _write_output(task: Task, path: Path) -> str:
    """A copy of the model, or a .blend with it; it appears when it is whole."""
    path = path.absolute()
    model = Path(task.folder) / task.model
    new = path.with_name(f".{path.stem}.new{path.suffix}")
    try:
        if path.suffix.lower() == ".glb":
            shutil.copyfile(model, new)
        else:
            from .importing import place

            # The importer talks; stdout is for what was asked for.
            with contextlib.redirect_stdout(sys.stderr):
                bpy.ops.wm.read_homefile(use_empty=True)
                place.import_model(
                    bpy.context, task, bpy.context.scene, location=(0.0, 0.0, 0.0), select=True
                )
                # Remapping paths makes 4.2 print to stdout, past Python's redirection.
                bpy.ops.wm.save_as_mainfile(
                    filepath=str(new), copy=True, check_existing=False, relative_remap=False
                )
        new.replace(path)
    except OSError as error:
        cause = storage_error(error, path)
        raise SetupError(cause.message, f"The model itself is safe: {model}") from error
    finally:
        new.unlink(missing_ok=True)
    return str(path)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
