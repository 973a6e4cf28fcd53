-- A row that is recomputed from all of its days: a change within its days, or an identifier that moved.
-- Grain: $row_columns
-- Inputs: changed_day, existing_rows, adjacent_day, $daily_mart, reassigned_rows
-- Mind: A row that is not stored has no days other than the changed ones, unless an identifier moved.
SELECT $row_columns
FROM changed_day
INNER JOIN existing_rows USING ($row_columns)
WHERE changed_day.activity_date <= existing_rows.last_date
UNION
SELECT $row_columns
FROM adjacent_day
INNER JOIN marts.$daily_mart AS daily USING ($day_columns)
WHERE daily.first_at <= adjacent_day.last_at
UNION
SELECT $row_columns
FROM reassigned_rows
