"""The baseline of bench/reliability.py: how a generation is usually written.

Fair to those it stands for: time limits, three automatic repeats of whatever fails (urllib3's
Retry, POST included, as guides to robust requests show it), every status checked, chunked download.
What it has not is what this project is about: its state is in memory only, an order is repeated
like any other request, and a download is done when no more bytes come. Triverse's optional order
number is not sent.

    SERVICE_KEY=… python bench/naive.py SERVICE URL FOLDER [KILL_AT]

Ends with 0 and the model in FOLDER/library, with 3 after a failure that it reports.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

POLL_SECONDS = 5.0
SHORTER = 1000.0  # waits, as in tests/reliability


class Failed(Exception):
    """Told to the user."""


def new_session(key: str) -> requests.Session:
    """key "": for links, which bring their own right to read."""
    retry = Retry(
        total=3,
        backoff_factor=0.01,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,  # every verb
    )
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.mount("https://", HTTPAdapter(max_retries=retry))
    if key:
        session.headers["Authorization"] = f"Bearer {key}"
    return session


def generate(service: str, url: str, key: str, prompt: str, folder: Path) -> Path:
    """Order, ask until it is done, fetch. Errors: Failed, requests.RequestException."""
    session = new_session(key)
    link = (rodin if service == "rodin" else triverse)(session, url, prompt)
    return fetch(link, folder)


def rodin(session: requests.Session, url: str, prompt: str) -> str:
    form = {
        "prompt": (None, prompt),
        "tier": (None, "Gen-2"),
        "geometry_file_format": (None, "glb"),
    }
    answer = call(session, "POST", f"{url}/rodin", files=form)
    if answer.get("error"):
        raise Failed(f"refused: {answer['error']}")
    task, ticket = answer["uuid"], answer["jobs"]["subscription_key"]
    while True:
        answer = call(session, "POST", f"{url}/status", json={"subscription_key": ticket})
        states = [job["status"] for job in answer["jobs"]]
        if "Failed" in states:
            raise Failed("the job failed")
        if all(state == "Done" for state in states):
            break
        time.sleep(POLL_SECONDS / SHORTER)
    files = call(session, "POST", f"{url}/download", json={"task_uuid": task})["list"]
    for file in files:
        if file["name"].endswith(".glb"):
            return str(file["url"])
    raise Failed("no model")


def triverse(session: requests.Session, url: str, prompt: str) -> str:
    order = {"prompt": prompt}
    task = call(session, "POST", f"{url}/tasks/text-to-model", json=order)["data"]["task_uuid"]
    while True:
        answer = call(session, "GET", f"{url}/tasks/{task}")["data"]
        if answer["status"] in ("FAILED", "CANCELLED"):
            raise Failed("the job failed")
        if answer["status"] == "SUCCESS":
            break
        time.sleep(POLL_SECONDS / SHORTER)
    return str(call(session, "GET", f"{url}/tasks/url/{task}")["data"]["download_url"])


def call(session: requests.Session, method: str, url: str, **body: object) -> dict:
    response = session.request(method, url, timeout=30, **body)
    response.raise_for_status()
    return response.json()


def fetch(link: str, folder: Path) -> Path:
    """To a temporary file, then into its place."""
    with new_session("") as session:
        response = session.request("GET", link, stream=True, timeout=30)
        response.raise_for_status()
        with tempfile.NamedTemporaryFile(suffix=".glb", dir=folder, delete=False) as file:
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
    place = folder / "library" / "model.glb"
    place.parent.mkdir(exist_ok=True)
    os.replace(file.name, place)
    return place


def main() -> int:
    service, url, folder, *rest = sys.argv[1:]
    if rest:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from core.storage import Folders
        from tests.reliability import points

        kill_at = int(rest[0])
        note = None if kill_at else print
        points.install(kill_at, note, Folders(Path(folder), Path(folder, "library")))
    try:
        generate(service, url, os.environ["SERVICE_KEY"], "a blue vase", Path(folder))
    except (Failed, requests.RequestException):
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
