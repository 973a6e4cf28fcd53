-- What the marts learned of who is who when they took in the loads of one dump date, in persons.
-- Grain: one row
-- A person is named by the smallest of its identifiers, c: before e: before p:. Where that one moved, the person became
-- part of another or is gone; where only others moved, they split off.
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
  count(*) FILTER (WHERE starts_with(person_before, 'c:') AND starts_with(became, 'c:')) AS customer_ids_joined,
  count(*) FILTER (WHERE NOT starts_with(person_before, 'c:') AND starts_with(became, 'c:')) AS contacts_recognised,
  count(*) FILTER (WHERE NOT starts_with(person_before, 'c:') AND NOT starts_with(became, 'c:')) AS contacts_joined,
  coalesce(sum(part_count) FILTER (WHERE NOT has_moved), 0)::BIGINT AS split_off,
  count(*) FILTER (WHERE has_moved AND became IS NULL) AS gone
FROM person
