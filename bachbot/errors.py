"""The error tree: every exception that bachbot raises deliberately.

::

    BachbotError
    ├── UsageError          an option or argument with an invalid value (exit status 2)
    ├── ScoreError          a score that cannot be read or used
    ├── EncodingError       tokens that do not form a chorale
    ├── CorpusError         the corpus or the prepared data set is missing or damaged
    ├── CheckpointError     a checkpoint is missing, damaged or of another format
    ├── TrainingError       a run that cannot start, continue or be resumed
    ├── DecodingError       no music satisfies the constraints
    ├── OutputError         a file could not be written
    ├── WorkerError         a process that works beside others cannot be started
    └── MissingExtraError   a package that only an extra installs is missing

A message is one line: what was given, what was expected, what to do about it.
"""


class BachbotError(Exception):
    """Base class of bachbot's errors.

    Attributes
    ----------
    exit_code : int
        Exit status of the command line when this error ends it.
    """

    exit_code = 1


class UsageError(BachbotError, ValueError):
    """An option or argument has an invalid value."""

    exit_code = 2


class ScoreError(BachbotError):
    """A score cannot be read, or its content cannot be used."""


class EncodingError(BachbotError, ValueError):
    """Tokens do not form a chorale, or a chorale cannot be tokenized."""


class CorpusError(BachbotError):
    """The corpus or the prepared data set is missing or damaged."""


class CheckpointError(BachbotError):
    """A checkpoint is missing, damaged or of another format."""


class TrainingError(BachbotError):
    """A training run cannot start, continue or be resumed."""


class DecodingError(BachbotError):
    """No music satisfies the constraints."""


class OutputError(BachbotError):
    """A file could not be written."""


class WorkerError(BachbotError):
    """A process that works beside others cannot be started."""


class MissingExtraError(BachbotError, ImportError):
    """A package that only an extra of bachbot installs, such as ``bachbot[train]``, is missing."""


class BachbotWarning(UserWarning):
    """Something was repaired or left out; the work continued."""
