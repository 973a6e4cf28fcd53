"""Declarations of the marts: one Python module and one SELECT each.

- `<mart>.sql` is the SELECT of a mart. Its header gives the meaning, grain, inputs and caveats of a row.
- `<mart>.py` declares columns, refresh scope and checks. Closely related marts share a module.
- `<mart>/<table>.sql` is a temporary table of the refresh of that mart, with a header of the same form.
- `person_scope/` and `attribution_scope/` have the temporary tables that several marts by person share.

SQL stays in Python only if it is generated from a declaration (columns, entities, a hash lookup), or if it is one
SELECT from one table without a join or an aggregate. A file receives such a fragment as a placeholder.

Belongs here: declarations and SQL of single marts.
Does not belong here: code that serves every mart (`cdp_etl.marts.engine`).
"""
