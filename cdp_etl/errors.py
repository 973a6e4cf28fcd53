"""Base class of every error that this package raises on purpose.

The message is one plain sentence: the faulty thing, and what was expected. The command line prints it as it is.
Define a subclass in the package that raises it. Never put a record's values into a message: names, phones,
e-mails and tokens stay in the data.
"""


class CdpEtlError(Exception):
    """An error that the operator can act on."""
