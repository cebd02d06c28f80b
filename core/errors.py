"""Every error Maquette raises on purpose, as one tree.

    MaquetteError
    ├── BadRequest         what was asked for cannot be sent; nothing left this machine
    ├── SetupError         something on this machine is missing or wrong: a key, a URL, a package
    ├── Offline            Blender's "Allow Online Access" is off
    ├── Refused            the service answered and said no; nothing was started
    ├── JobFailed          the service took the job and could not finish it
    ├── Gone               the service does not know the job (any more)
    ├── Expired            a result link is no longer good; asking again gives a fresh one
    ├── Transient          trying again later may help
    │   ├── Busy           the service is there but asks for patience; nothing was started
    │   ├── Unreachable    the request surely did not arrive
    │   └── NoAnswer       the request may have arrived, what came of it is unknown
    ├── BadModel           a downloaded file is not a whole, safe GLB
    │   └── CutOff         … its end is missing
    └── StorageError       the disk or a folder would not take it
        └── LedgerError    … and it was the task ledger

Whoever raises one writes `message` (what happened, one sentence) and `advice` (what to do, one
sentence) for the person in front of Blender. Neither they nor `details` ever hold a key, a signed
URL or a status token: errors are shown, copied and posted.
"""


class MaquetteError(Exception):
    """Something the user should read.

    message: what happened, one sentence. advice: what to do, one sentence or "".
    details: for a report: method, path, status, service message. code: the service's own word.
    """

    def __init__(
        self, message: str, advice: str = "", *, details: str = "", code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.details = details
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class BadRequest(MaquetteError):
    """What was asked for cannot be sent as it is; nothing left this machine."""


class SetupError(MaquetteError):
    """Something on this machine is missing or wrong: a key, a URL, a Python package."""


class Offline(MaquetteError):
    """Blender's "Allow Online Access" is off, so no request was made."""


class Refused(MaquetteError):
    """The service answered and said no. Nothing was started and nothing charged."""


class JobFailed(MaquetteError):
    """The service took the job and reported that it could not finish it."""


class Gone(MaquetteError):
    """The service does not know the job: never did, or no longer keeps it."""


class Expired(MaquetteError):
    """A result link is no longer good. Asking for the results again gives a fresh one."""


class Transient(MaquetteError):
    """Trying again later may help. `retry_after`: seconds the service asked for, or None."""

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        details: str = "",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, advice, details=details, code=code)
        self.retry_after = retry_after


class Busy(Transient):
    """The service answered that it cannot take this now. Nothing was started."""


class Unreachable(Transient):
    """No connection came about: the request surely did not arrive."""


class NoAnswer(Transient):
    """The request may have arrived; no usable answer came back."""


class BadModel(MaquetteError):
    """A downloaded file is not a whole, safe GLB."""


class CutOff(BadModel):
    """It is one as far as it goes; its end is missing."""


class StorageError(MaquetteError):
    """A disk or folder would not take what had to be written."""


class LedgerError(StorageError):
    """The task ledger could not be read or written."""
