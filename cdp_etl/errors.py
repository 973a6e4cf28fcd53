"""The one base of every error that this package raises on purpose.

An error's message is one plain sentence naming the thing at fault and what was expected; the command line
prints it as it is. Put a subclass beside the code that raises it, not here. Never put a record's values
into a message: names, phones, e-mails and tokens do not leave the data.
"""


class CdpEtlError(Exception):
    """Something the operator can act on; its text is a full sentence for a person."""
