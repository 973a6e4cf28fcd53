"""Landing zones: the partners' folders, object stores and SFTP servers.

Belongs here: locations, connections, credentials, retries, listing and reading of remote files, safe file names.
Does not belong here: the meaning of the files.
"""
