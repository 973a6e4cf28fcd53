-- Why records of one dump date were refused. A record with two reasons counts for both.
-- Grain: entity, reason
WITH
reason AS (
  SELECT
    entity,
    unnest(list_distinct(reasons)) AS what
  FROM staging.quarantine
  WHERE dump_date = getvariable('dump_date')
)

SELECT
  entity,
  what,
  count(*) AS record_count
FROM reason
GROUP BY entity, what
ORDER BY record_count DESC, entity ASC, what ASC
