-- Reasons of quarantined records of one dump date. A record with two reasons counts for both.
-- Grain: entity, label
WITH
reason AS (
  SELECT
    entity,
    unnest(list_distinct(reasons)) AS label
  FROM staging.quarantine
  WHERE dump_date = getvariable('dump_date')
)

SELECT
  entity,
  label,
  count(*) AS record_count
FROM reason
GROUP BY entity, label
ORDER BY record_count DESC, entity ASC, label ASC
