-- A row that is recomputed from all of its days: a change within its days, a split person, or merged rows.
-- Grain: $row_columns
-- Inputs: changed_day, existing_rows, adjacent_day, $daily_mart, split_rows, prior_rows
-- Mind: A row that is not stored has no days other than the changed ones, unless its person was split.
WITH
current_row AS (
  SELECT * REPLACE (current_person_id AS person_id)
  FROM existing_rows
  WHERE current_person_id IS NOT NULL
),

merged_row AS (
  SELECT * REPLACE (current_person_id AS person_id)
  FROM prior_rows
  WHERE current_person_id IS NOT NULL
)

SELECT $row_columns
FROM changed_day
INNER JOIN current_row USING ($row_columns)
WHERE changed_day.activity_date <= current_row.last_date
UNION
SELECT $row_columns
FROM adjacent_day
INNER JOIN marts.$daily_mart AS daily USING ($day_columns)
WHERE daily.first_at <= adjacent_day.last_at
UNION
SELECT $row_columns
FROM split_rows
UNION
SELECT $row_columns
FROM merged_row
GROUP BY $row_columns
HAVING count(*) > 1
