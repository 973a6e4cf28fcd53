-- The range of days read of all other persons: their affected days and the attribution window before them.
-- Grain: one row
-- Inputs: unmoved_day
SELECT
  min(activity_date) - $window_days::INTEGER - 1 AS first_day,
  max(activity_date) AS last_day
FROM unmoved_day
