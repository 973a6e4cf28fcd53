-- A person of the mart's last run, and the one person that all of its identifiers belong to now.
-- Grain: company_id, person_id
-- Inputs: customer_identity_change, reassigned_identifier, current_person, current_member
-- Mind: A person whose identifiers belong to several persons now, or to none, has no row.
WITH
reassigned AS (
  SELECT
    company_id,
    identifier,
    arg_min(person_before, row(load_seq, changed_at)) AS person_id
  FROM marts.customer_identity_change
  WHERE load_seq > getvariable('applied_load_seq')
  GROUP BY company_id, identifier
),

member AS (
  SELECT
    reassigned.company_id,
    reassigned.person_id,
    current_person.person_id AS current_person_id
  FROM reassigned
  LEFT JOIN current_person USING (company_id, identifier)
  UNION ALL
  SELECT
    current_member.company_id,
    current_member.person_id,
    current_member.person_id AS current_person_id
  FROM current_member
  ANTI JOIN reassigned_identifier USING (company_id, identifier)
)

SELECT
  company_id,
  person_id,
  min(current_person_id) AS current_person_id
FROM member
GROUP BY company_id, person_id
HAVING count(*) = count(current_person_id) AND min(current_person_id) = max(current_person_id)
