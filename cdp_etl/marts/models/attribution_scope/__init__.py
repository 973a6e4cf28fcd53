"""Refresh scope of the attribution marts: the days of persons to recompute after a load.

The files are one text for several marts, so they have placeholders `$name`. `scope.py` fills them in with
`string.Template`. sqlfluff uses its `placeholder` templater (style `dollar`) and the examples in `.sqlfluff`.

Belongs here: one `.sql` file for each intermediate table of that scope, and `scope.py`, which puts them together.
Does not belong here: intermediate tables that only one mart has.
"""
