"""Landing zones: folder, object store, SFTP.

Belongs here: connections, credentials, listing and reading of remote files.
Does not belong here: meaning of the files.
"""
