-- Size of one segment as of one newest dump date: members, and how many joined and left since the date before.
-- Grain: company_id, segment, dump_date
-- Inputs: segment_member
-- Mind: This is a log in the order of mart runs; it is never rebuilt. `dump_date` is the newest loaded one at the run.
--   A run with the same newest dump date replaces the row and adds to `joined_count` and `left_count`, so who joins
--   and leaves between two such runs counts in both. A run that changes no person writes no row. A changed condition
--   makes persons join and leave.
WITH
size_now AS (
  SELECT
    company_id,
    segment,
    count(*) AS member_count
  FROM segment_member
  GROUP BY company_id, segment
),

-- `segment_member_before` has the rows that the run deleted, `segment_member_written` those that it wrote.
movement AS (
  SELECT
    company_id,
    segment,
    1 AS joined_count,
    0 AS left_count
  FROM segment_member_written
  ANTI JOIN segment_member_before USING (company_id, segment, person_id)
  UNION ALL
  SELECT
    company_id,
    segment,
    0 AS joined_count,
    1 AS left_count
  FROM segment_member_before
  ANTI JOIN segment_member_written USING (company_id, segment, person_id)
  UNION ALL
  SELECT
    company_id,
    segment,
    joined_count,
    left_count
  FROM segment_daily_before
  WHERE dump_date = getvariable('newest_dump_date')
),

moved AS (
  SELECT
    company_id,
    segment,
    sum(joined_count) AS joined_count,
    sum(left_count) AS left_count
  FROM movement
  GROUP BY company_id, segment
)

SELECT
  company_id,
  segment,
  getvariable('newest_dump_date')::DATE AS dump_date,
  coalesce(size_now.member_count, 0) AS member_count,
  coalesce(moved.joined_count, 0) AS joined_count,
  coalesce(moved.left_count, 0) AS left_count
FROM size_now
FULL JOIN moved USING (company_id, segment)
