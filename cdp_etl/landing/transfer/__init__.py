"""Transfer of file contents: download and decryption.

Belongs here: reading bytes from a zone, writing them to disk, decrypting them.
Does not belong here: the choice and the verification of files.
"""
