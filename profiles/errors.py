"""All errors that this project raises on purpose.

    DigitAgentError                      exit code 1
    ├── UsageError (ValueError)          exit code 2: the command line or an argument is wrong
    │   ├── ConfigError                  the configuration file is missing, unreadable or wrong
    │   ├── FormError                    the file of a form is missing, unreadable or wrong
    │   └── UnknownTargetError (LookupError)
    ├── ProfileError (ValueError)        a profile of the catalogue is wrong
    ├── ManifestError (ValueError)       manifest.json is missing, damaged, or has an unknown schema
    ├── ArtifactError (ValueError)       a model file does not match its manifest
    ├── NoArtifactError (LookupError)    no artifact in a folder can be used on this machine
    ├── RuntimeUnusableError (RuntimeError)   a runtime is not installed or does not work here
    ├── SourceError (OSError)            a camera, stream, video or folder cannot be read
    │   └── PictureError (ValueError)    one picture cannot be read
    │       └── FormNotFoundError        a picture does not show a form as a whole
    ├── OutputError (OSError)            a result cannot be written
    ├── DatasetError (ValueError)        a data set is missing, incomplete or damaged
    │   └── DownloadError (OSError)      no mirror delivers it
    ├── TrainingError (RuntimeError)     a training run cannot continue
    ├── ConversionError (RuntimeError)   an export computes other values than its net
    ├── BundleError (ValueError)         a bundle is damaged, not signed with the right key, or not for this board
    └── InstallError (RuntimeError)      a bundle cannot be installed, or was rolled back
        └── BusyError                    exit code 75: another digit-deploy is running; try again later

Every message says what happened and where; `advice` says what to do next.
"""

from __future__ import annotations


class DigitAgentError(Exception):
    """Base class of all errors that the project raises on purpose.

    Args:
        what: what happened, and where.
        advice: what to do next; empty when there is nothing to do.
    """

    exit_code = 1
    """Exit code of a command that ends with this error."""

    def __init__(self, what: str, *, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


class UsageError(DigitAgentError, ValueError):
    """Raised when a command line or an argument is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """Raised when the configuration file is missing, cannot be read, or is wrong."""


class FormError(UsageError):
    """Raised when the file of a form is missing, cannot be read, or is wrong."""


class UnknownTargetError(UsageError, LookupError):
    """Raised when a target is neither a board nor a family of the catalogue."""


class ProfileError(DigitAgentError, ValueError):
    """Raised when a profile of the catalogue is wrong."""


class ManifestError(DigitAgentError, ValueError):
    """Raised when a manifest is missing, damaged, or has an unknown schema."""


class ArtifactError(DigitAgentError, ValueError):
    """Raised when a model file does not match its manifest."""


class NoArtifactError(DigitAgentError, LookupError):
    """Raised when no artifact in a folder can be used on this machine."""


class RuntimeUnusableError(DigitAgentError, RuntimeError):
    """Raised when a runtime is not installed, or does not work on this machine."""


class SourceError(DigitAgentError, OSError):
    """Raised when a camera, a stream, a video or a folder cannot be opened or read."""


class PictureError(SourceError, ValueError):
    """Raised when one picture cannot be read."""


class FormNotFoundError(PictureError):
    """Raised when a picture does not show the form, or not all of it, or shows it twice."""


class OutputError(DigitAgentError, OSError):
    """Raised when a result cannot be written."""


class DatasetError(DigitAgentError, ValueError):
    """Raised when a data set is missing, incomplete or damaged."""


class DownloadError(DatasetError, OSError):
    """Raised when no mirror delivers a data set."""


class TrainingError(DigitAgentError, RuntimeError):
    """Raised when a training run cannot continue."""


class ConversionError(DigitAgentError, RuntimeError):
    """Raised when an export computes other values than its net."""


class BundleError(DigitAgentError, ValueError):
    """Raised when a bundle is damaged, not signed with the right key, or not for this board."""


class InstallError(DigitAgentError, RuntimeError):
    """Raised when a bundle cannot be installed, or was rolled back."""


class BusyError(InstallError):
    """Raised when another digit-deploy is running."""

    exit_code = 75
    """EX_TEMPFAIL of sysexits(3). The service that recovers treats it as a success."""
