"""Transfer of a dump's files into the archive: download, decrypt.

Belongs here: moving and decrypting bytes.
Does not belong here: decisions about which files belong to a dump.
"""
