"""Base classes of the errors that this package raises on purpose.

The message is one plain sentence: the faulty thing, and what was expected. The command line prints it as it is.
Define a subclass in the package that raises it. Never put a record's values into a message: no names, phones,
e-mails or tokens.
"""


class CdpEtlError(Exception):
    """An error that the operator can act on."""


class UsageError(CdpEtlError):
    """A wrong option or setting. The command line exits with status 2; with 1 for other errors."""
