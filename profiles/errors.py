"""The tree of all errors that this project raises on purpose.

    DigitAgentError                      exit code 1
    ├── UsageError (ValueError)          exit code 2: the command line or an argument is wrong
    │   ├── ConfigError                  the configuration file is missing, unreadable or wrong
    │   └── UnknownTargetError (LookupError)
    ├── ProfileError (ValueError)        a file of the catalogue does not say what it must
    ├── ManifestError (ValueError)       manifest.json is missing, damaged or of another schema
    ├── ArtifactError (ValueError)       a model file is not what its manifest promises
    ├── NoArtifactError (LookupError)    no artifact of a folder can be used on this machine
    ├── RuntimeUnusableError (RuntimeError)   a runtime is not installed or does not work here
    ├── SourceError (OSError)            a camera, stream, video or folder cannot be read
    │   └── PictureError (ValueError)    one picture cannot be read
    ├── OutputError (OSError)            a result cannot be written
    ├── DatasetError (ValueError)        a data set is missing, incomplete or damaged
    │   └── DownloadError (OSError)      no mirror could deliver it
    ├── TrainingError (RuntimeError)     a training run cannot go on
    ├── ConversionError (RuntimeError)   an export does not compute what its net computes
    ├── BundleError (ValueError)         a bundle is damaged, not signed with the right key, or not for this board
    └── InstallError (RuntimeError)      a bundle could not be installed, or was rolled back

Every message says what happened, where, and what to do next.
"""

from __future__ import annotations


class DigitAgentError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what a command returns for it."""

    exit_code = 1


class UsageError(DigitAgentError, ValueError):
    """Raised when a command line or an argument is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """Raised when the configuration file is missing, cannot be read, or is wrong."""


class UnknownTargetError(UsageError, LookupError):
    """Raised when a target is neither a board nor a family of the catalogue."""


class ProfileError(DigitAgentError, ValueError):
    """Raised when a profile of the catalogue cannot be read."""


class ManifestError(DigitAgentError, ValueError):
    """Raised when a manifest is missing, damaged, or of a schema this version does not know."""


class ArtifactError(DigitAgentError, ValueError):
    """Raised when a model file is not what its manifest promises."""


class NoArtifactError(DigitAgentError, LookupError):
    """Raised when no artifact of a folder can be used on this machine."""


class RuntimeUnusableError(DigitAgentError, RuntimeError):
    """Raised when a runtime is not installed, or does not work on this machine."""


class SourceError(DigitAgentError, OSError):
    """Raised when a camera, a stream, a video or a folder cannot be opened or read."""


class PictureError(SourceError, ValueError):
    """Raised when one picture cannot be read."""


class OutputError(DigitAgentError, OSError):
    """Raised when a result cannot be written."""


class DatasetError(DigitAgentError, ValueError):
    """Raised when a data set is missing, incomplete or damaged."""


class DownloadError(DatasetError, OSError):
    """Raised when no mirror could deliver a data set."""


class TrainingError(DigitAgentError, RuntimeError):
    """Raised when a training run cannot go on."""


class ConversionError(DigitAgentError, RuntimeError):
    """Raised when an export does not compute what its net computes."""


class BundleError(DigitAgentError, ValueError):
    """Raised when a bundle is damaged, not signed with the right key, or not for this board."""


class InstallError(DigitAgentError, RuntimeError):
    """Raised when a bundle could not be installed, or was rolled back."""
