"""The one error tree: everything bachbot raises on purpose.

::

    BachbotError
    ├── UsageError          an option or argument that cannot be (exit status 2)
    ├── ScoreError          a score that cannot be read, or not be used
    ├── EncodingError       tokens that spell no chorale
    ├── CorpusError         the corpus or the prepared data set is missing or damaged
    ├── CheckpointError     a checkpoint is missing, damaged or of another format
    ├── TrainingError       a run that cannot start, go on or be resumed
    ├── DecodingError       no music satisfies what was asked
    ├── OutputError         a file could not be written
    └── MissingExtraError   a package that only an extra installs is not there

A message is one line: what came, what was wanted, what to do about it.
"""


class BachbotError(Exception):
    """Base of every error that bachbot raises on purpose.

    Attributes
    ----------
    exit_code : int
        Exit status of the command line when this error ends it.
    """

    exit_code = 1


class UsageError(BachbotError, ValueError):
    """An option or argument has a value that cannot be."""

    exit_code = 2


class ScoreError(BachbotError):
    """A score cannot be read, or holds what cannot be used."""


class EncodingError(BachbotError, ValueError):
    """A token stream spells no chorale, or a chorale has no tokens."""


class CorpusError(BachbotError):
    """The corpus or the prepared data set is missing or damaged."""


class CheckpointError(BachbotError):
    """A checkpoint is missing, damaged or of another format."""


class TrainingError(BachbotError):
    """A training run cannot start, go on or be resumed."""


class DecodingError(BachbotError):
    """No music satisfies what was asked."""


class OutputError(BachbotError):
    """A file could not be written."""


class MissingExtraError(BachbotError, ImportError):
    """A package that only an extra of bachbot installs, such as ``bachbot[train]``, is missing."""


class BachbotWarning(UserWarning):
    """Something was mended on the way; the work went on."""
