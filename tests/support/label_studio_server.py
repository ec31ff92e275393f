"""A Label Studio of one's own (PyPI: label-studio, SQLite): three people annotate the tasks of a project by its API.

`python tests/support/label_studio_server.py tasks.json view.xml folder` writes what it exports, as the recorded answers in
tests/label_studio/recorded were made. Their year is set to 2024, since times in the future are refused.
"""

import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# the environment variable that names the command, where it is not on the path
VARIABLE = "LABEL_STUDIO"
PASSWORD, TOKEN = "secret-1234", "0123456789abcdef0123456789abcdef01234567"
# what each person says of the tasks in the order of their ids; none is no answer, and skip a skipped task
ANSWERS = {
    "ana": ["yes", "yes", "no", "no", "yes", "no"],
    "ben": ["yes", "no", "no", "yes", "skip", None],
    "chloe": ["no", "yes", "no", "no", None, "O'Hara"],
}
GOLD = ("ana", 5)
FORMATS = ("JSON", "JSON_MIN", "CSV", "TSV")


def command():
    """The command label-studio, or none where it is not installed."""
    return os.environ.get(VARIABLE) or shutil.which("label-studio")


class Server:
    """A server in a folder, with an administrator."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {
            "DJANGO_DB": "sqlite",
            "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
            "HOME": str(folder),
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
        }
        environment.pop("PYTHONPATH", None)
        words = [
            *(
                command(),
                "start",
                "--init",
                "bench",
                "--data-dir",
                str(folder),
                "--port",
                str(self.port),
                "--no-browser",
            ),
            *("--username", "admin@clinic.example", "--password", PASSWORD),
            *("--user-token", TOKEN, "--enable-legacy-api-token"),
        ]
        self.log = Path(folder) / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, env=environment, cwd=folder, stdout=log, stderr=log)

    def __enter__(self):
        for _ in range(300):
            if self.process.poll() is not None:
                raise RuntimeError(f"label-studio ended: {self.log.read_text()[-2000:]}")
            try:
                self.raw("GET", "/health")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(1)
            else:
                return self
        raise TimeoutError(f"label-studio did not start: {self.log.read_text()[-2000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def url(self, path):
        return f"http://localhost:{self.port}{path}"

    def raw(self, method, path, body=None):
        """What it answers the administrator."""
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def call(self, method, path, body=None):
        answer = self.raw(method, path, body)
        return json.loads(answer) if answer else None

    def exports(self, project):
        """Name of a format: content. Snapshots say who answered by number or, where asked, by address."""
        path = f"/api/projects/{project}"
        found = {name: self.raw("GET", f"{path}/export?exportType={name}") for name in FORMATS}
        for name, options in (
            ("snapshot", {}),
            ("snapshot_users", {"serialization_options": {"annotations__completed_by": {"only_id": False}}}),
        ):
            snapshot = self.call("POST", f"{path}/exports/", {"title": name, **options})
            for _ in range(60):
                if self.call("GET", f"{path}/exports/{snapshot['id']}")["status"] == "completed":
                    break
                time.sleep(0.5)
            found[name] = self.raw("GET", f"{path}/exports/{snapshot['id']}/download?exportType=JSON")
        return found


class Person:
    """Somebody who signed up, and calls the API as a browser does."""

    def __init__(self, server, name):
        self.server, self.jar = server, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.opener.open(server.url("/user/signup/"), timeout=60).read()
        form = {"csrfmiddlewaretoken": self.mark(), "email": f"{name}@clinic.example", "password": PASSWORD}
        self.opener.open(server.url("/user/signup/"), urllib.parse.urlencode(form).encode(), timeout=60).read()
        self.number = self.call("GET", "/api/current-user/whoami")["id"]

    def mark(self):
        return next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.mark()}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server.url(path), data=data, method=method, headers=headers)
        answer = self.opener.open(request, timeout=60).read()
        return json.loads(answer) if answer else None

    def annotate(self, task, label, to_name, **fields):
        """The annotation's number; a task that is skipped has no result."""
        result = {"from_name": "label", "to_name": to_name, "type": "choices", "value": {"choices": [label]}}
        skipped = {"was_cancelled": True} if label == "skip" else {}
        body = {"result": [] if skipped else [result], "lead_time": 3.5, **skipped, **fields}
        return self.call("POST", f"/api/tasks/{task}/annotations/", body)["id"]


def session(server, tasks, view):
    """Stage: {format: content}. `before` a person is deleted, `after`, and `later`, when an annotation is deleted, too."""
    project = server.call("POST", "/api/projects/", {"title": "visits", "label_config": view})["id"]
    server.call("POST", f"/api/projects/{project}/import", tasks)
    numbers = sorted(task["id"] for task in server.call("GET", f"/api/projects/{project}/tasks/?page_size=100"))
    to_name = re.search(r'toName="(\w+)"', view)[1]
    people, given = {}, {}
    for name, labels in ANSWERS.items():
        people[name] = Person(server, name)
        for place, label in enumerate(labels):
            if label is not None:
                fields = {"ground_truth": True} if (name, place) == GOLD else {}
                given[name, place] = people[name].annotate(numbers[place], label, to_name, **fields)
    found = {"before": server.exports(project)}
    server.call("DELETE", f"/api/users/{people['ben'].number}/")
    found["after"] = server.exports(project)
    server.call("DELETE", f"/api/annotations/{given['chloe', 0]}/")
    found["later"] = server.exports(project)
    return found


def main():
    tasks, view, folder = (Path(name) for name in sys.argv[1:])
    with tempfile.TemporaryDirectory() as place, Server(place) as server:
        for stage, exports in session(server, json.loads(tasks.read_text()), view.read_text()).items():
            for name, content in exports.items():
                suffix = {"CSV": "csv", "TSV": "tsv"}.get(name, "json")
                text = re.sub(r"\b20\d\d-(\d\d-\d\dT)", r"2024-\1", content.decode())
                (folder / f"{stage}_{name}.{suffix}").write_text(text)


if __name__ == "__main__":
    main()
