-- A touch of a reassigned person, or one outcome within the attribution window of their touches.
-- Grain: entity and record of a touch; none for outcomes
-- Inputs: reassigned_touch, interaction
-- Mind: The columns that order touches with one timestamp are expensive to read, so they are read of touches alone.
SELECT -- noqa: AM07, because UNION BY NAME fills missing columns with nulls
  company_id,
  entity,
  record_id,
  system_name,
  dump_date,
  occurred_at,
  activity_date,
  customer_key,
  event_type,
  channel,
  service_provider,
  campaign_id,
  $outcome_columns
FROM reassigned_touch
UNION ALL BY NAME
SELECT
  company_id,
  occurred_at,
  activity_date,
  customer_key,
  $outcome_columns
FROM $interactions_in_window
WHERE $is_outcome
