-- Identity changes by the loads of one dump date, counted in persons.
-- Grain: one row
-- A person's key is the smallest of its identifiers, c: before e: before p:. If that one moved, the person was merged
-- into another or lost; if only others moved, they split off.
WITH
change AS (
  SELECT identity_change.*
  FROM marts.customer_identity_change AS identity_change
  INNER JOIN ops.load USING (load_seq)
  WHERE dump_date = getvariable('dump_date')
),

person AS (
  SELECT
    company_id,
    changed_at,
    person_before,
    bool_or(identifier = person_before) AS has_moved,
    max(person_after) FILTER (WHERE identifier = person_before) AS became,
    count(DISTINCT person_after) AS part_count
  FROM change
  GROUP BY company_id, changed_at, person_before
)

SELECT
  count(*) FILTER (WHERE starts_with(person_before, 'c:') AND starts_with(became, 'c:')) AS customer_ids_merged,
  count(*) FILTER (WHERE NOT starts_with(person_before, 'c:') AND starts_with(became, 'c:')) AS contacts_identified,
  count(*) FILTER (WHERE NOT starts_with(person_before, 'c:') AND NOT starts_with(became, 'c:')) AS contacts_merged,
  coalesce(sum(part_count) FILTER (WHERE NOT has_moved), 0)::BIGINT AS split_off,
  count(*) FILTER (WHERE has_moved AND became IS NULL) AS lost
FROM person
