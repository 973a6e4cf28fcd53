-- Reasons of quarantined records of one dump date. A record with two reasons counts for both.
-- Grain: entity, reason
WITH
quarantined AS (
  SELECT
    entity,
    unnest(list_distinct(reasons)) AS reason
  FROM staging.quarantine
  WHERE dump_date = getvariable('dump_date')
)

SELECT
  entity,
  reason,
  count(*) AS record_count
FROM quarantined
GROUP BY entity, reason
ORDER BY record_count DESC, entity ASC, reason ASC
