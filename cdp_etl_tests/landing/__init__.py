"""Landing: against a folder, an object store and SFTP servers."""
