-- A person with a pending record, or with a contact that stated something or whose statement was withdrawn.
-- Grain: company_id, person_id
-- Inputs: customer_identity, linked_identifier
-- Mind: A pending record may have added an identifier to its person.
SELECT
  company_id,
  person_id
FROM $persons_with_pending_identifier
UNION
SELECT
  company_id,
  person_id
FROM $persons_with_linked_identifier
