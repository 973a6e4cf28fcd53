-- Each entity's dumps by date: the newest attempt, and the load that is in place.
-- Grain: entity, dump_date
WITH
attempt AS (
  SELECT *
  FROM ops.load
  WHERE dump_date BETWEEN getvariable('first') AND getvariable('last') AND status <> 'withdrawn'
)

SELECT
  entity,
  dump_date,
  max_by(
    {
      'status': status,
      'reason': reason,
      'records_read': records_read,
      'quarantined': quarantined
    },
    load_seq
  ) AS newest,
  max_by(
    {
      'files': files,
      'bytes': bytes,
      'records_read': records_read,
      'accepted': accepted,
      'superseded': superseded,
      'quarantined': quarantined,
      'with_warnings': with_warnings,
      'restored_versions': restored_versions,
      'finished_at': finished_at,
      'findings': reason
    },
    load_seq
  ) FILTER (WHERE status = 'loaded') AS loaded
FROM attempt
GROUP BY entity, dump_date
ORDER BY entity, dump_date
