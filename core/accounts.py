"""Where each service's key and URL come from: the environment first, else what the user stored.

Keys lie in one file of our own, readable by the user only. They are never put into a .blend, the
preferences file, a log or a command line. Thread: any; no Blender here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from .addresses import Account, check_base_url
from .errors import MaquetteError, StorageError
from .language import say
from .providers.base import Provider, no_key
from .storage import storage_error


class Accounts:
    """keys_file: a JSON object {provider id: key}, mode 0600, made when the first key is set.
    urls: provider id → base URL from the preferences, "" for the service's own."""

    def __init__(self, keys_file: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.urls: dict[str, str] = {}
        self._file = keys_file
        self._environ = environ
        self._lock = threading.Lock()
        self._keys: dict[str, str] | None = None

    def account(self, provider: type[Provider]) -> Account:
        """As of now. The key may be "" and the URL wrong: see `problem`."""
        url = self.environment_url(provider) or self.urls.get(provider.id, "").strip()
        name = self.key_variable(provider)
        key = self._environ[name].strip() if name else self.key(provider.id)
        return Account(provider.id, url or provider.default_url, key, self.key_from(provider))

    def key_from(self, provider: type[Provider]) -> str:
        """For the user: where the key comes from, "" if there is none."""
        if name := self.key_variable(provider):
            return say("environment variable {name}", name=name)
        return say("preferences") if self.key(provider.id) else ""

    def key_variable(self, provider: type[Provider]) -> str:
        """The environment variable that the key comes from, "" if from none."""
        for name in provider.key_variables:
            if self._environ.get(name, "").strip():
                return name
        return ""

    def environment_url(self, provider: type[Provider]) -> str:
        return self._environ.get(provider.url_variable, "").strip() if provider.url_variable else ""

    def problem(self, provider: type[Provider]) -> str:
        """ "" or why the service cannot be used as things are, in words."""
        account = self.account(provider)
        if provider.needs_key and not account.key:
            return str(no_key(provider))
        if not provider.default_url and not account.base_url:
            return ""
        try:
            check_base_url(account.base_url, provider.label)
        except MaquetteError as error:
            return str(error)
        return ""

    def key(self, provider_id: str) -> str:
        """The stored key, "" if none. Reads the file once."""
        with self._lock:
            return self._stored().get(provider_id, "")

    def set_key(self, provider_id: str, key: str) -> None:
        """Store a key, or forget it if "". Errors: StorageError; the old keys are kept then."""
        import json

        with self._lock:
            self._keys = None  # another Blender may have stored one meanwhile
            keys = {**self._stored(), provider_id: key.strip()}
            keys = {name: value for name, value in keys.items() if value}
            new = self._file.with_name(self._file.name + ".new")
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                # Made with its final mode: at no moment may others read it.
                new.unlink(missing_ok=True)
                with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    json.dump(keys, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(new, self._file)
            except OSError as error:
                raise storage_error(error, self._file) from error
            self._keys = keys

    def _stored(self) -> dict[str, str]:
        if self._keys is None:
            try:
                stored = self._file.read_text()
                import json  # not for those who have no key

                content = json.loads(stored)
                self._keys = {str(k): str(v) for k, v in content.items()}
            except FileNotFoundError:
                self._keys = {}
            except (OSError, ValueError, AttributeError) as error:
                raise StorageError(
                    say("The file with your keys cannot be read."),
                    say("Delete {file} and enter your keys again.", file=self._file),
                    details=type(error).__name__,
                ) from None
        return self._keys
