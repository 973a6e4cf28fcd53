-- A person and day whose rows are recomputed.
-- Grain: company_id, person_id, activity_date
-- Inputs: changed_day, customer_identity, reassigned_interaction, reassigned_key, $mart
SELECT
  changed_day.company_id,
  person.person_id,
  changed_day.activity_date
FROM changed_day
INNER JOIN $identities_of_changed_day AS person
  ON changed_day.company_id = person.company_id AND changed_day.customer_key = person.identifier
UNION
SELECT
  reassigned_interaction.company_id,
  reassigned_key.person_id,
  reassigned_interaction.activity_date
FROM reassigned_interaction
INNER JOIN reassigned_key USING (company_id, customer_key)
UNION
SELECT
  company_id,
  person_id,
  activity_date
FROM $rows_of_reassigned_person
