-- Size of each segment as of a dump date, from the newest row of the log up to it, all companies together.
-- A segment that nobody is in, joined or left is not listed: it may be declared no longer.
-- Grain: segment
WITH
newest AS (
  SELECT *
  FROM marts.segment_daily
  WHERE dump_date <= getvariable('dump_date')
  QUALIFY row_number() OVER (PARTITION BY company_id, segment ORDER BY dump_date DESC) = 1
),

counted AS (
  SELECT
    segment,
    sum(member_count)::BIGINT AS member_count,
    coalesce(sum(joined_count) FILTER (WHERE dump_date = getvariable('dump_date')), 0)::BIGINT AS joined_count,
    coalesce(sum(left_count) FILTER (WHERE dump_date = getvariable('dump_date')), 0)::BIGINT AS left_count
  FROM newest
  GROUP BY segment
)

SELECT
  segment,
  member_count,
  joined_count,
  left_count
FROM counted
WHERE member_count > 0 OR joined_count > 0 OR left_count > 0
ORDER BY segment
