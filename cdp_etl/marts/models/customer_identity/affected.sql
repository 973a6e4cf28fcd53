-- A linked identifier, or one of the persons that the linked identifiers belonged to.
-- Grain: company_id, identifier
-- Inputs: linked_identifier, customer_identity before the changes
WITH
affected_person AS (
  SELECT DISTINCT
    company_id,
    person_id
  FROM $identities_of_linked_identifier
)

SELECT
  company_id,
  identifier
FROM linked_identifier
UNION
SELECT
  company_id,
  identifier
FROM $identities_of_affected_person
