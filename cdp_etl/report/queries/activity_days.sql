-- Days on which the events in the dumps of one date happened; records superseded by a later dump do not count.
-- Grain: activity_date
SELECT
  activity_date,
  count(*) AS record_count
FROM marts.interaction
WHERE dump_date = getvariable('dump_date') AND activity_date <= getvariable('dump_date') + INTERVAL 3 DAY
GROUP BY activity_date
ORDER BY activity_date
