"""The services Maquette knows, found by looking: every module here with a `PROVIDER`."""

from __future__ import annotations

import functools
import importlib
import os

from ..errors import BadRequest
from ..language import say
from .base import Provider


@functools.cache
def all_providers() -> tuple[type[Provider], ...]:
    """Provider classes in the order of their numbers. Imports no networking library."""
    found = []
    # Not by pkgutil: this is done when the extension is enabled, from a folder always.
    for name in sorted(os.listdir(os.path.dirname(__file__))):
        stem, ending = os.path.splitext(name)
        # Not what other systems and editors leave beside a file: "._rodin.py", ".#rodin.py".
        if ending != ".py" or stem.startswith("_") or not stem.isidentifier():
            continue
        module = importlib.import_module(f"{__name__}.{stem}")
        provider = getattr(module, "PROVIDER", None)
        if provider is not None:
            found.append(provider)
    return tuple(sorted(found, key=lambda provider: provider.number))


def get_provider(provider_id: str) -> type[Provider]:
    """Errors: BadRequest, naming the services there are."""
    for provider in all_providers():
        if provider.id == provider_id:
            return provider
    known = ", ".join(provider.id for provider in all_providers())
    raise BadRequest(
        say("There is no service called {name!r}.", name=provider_id),
        say("There are: {names}.", names=known),
    )
