-- The person that an identifier belongs to. Identifiers that occur together on current records are one person.
-- Grain: company_id, identifier
-- Inputs: identifier_link
-- Mind: `person_id` is the smallest identifier of the person: customer ids sort before e-mail addresses before phones.
--   It depends on the person's set of identifiers alone, and changes only if that set does.
--   An identifier excluded from identity matching is a person of its own; `exclusion_reason` gives the reason.
--   Persons are unique within their company only.
SELECT
  node.company_id,
  node.identifier,
  component.person_id,
  node.customer_id_count,
  node.email_count,
  node.phone_count,
  node.exclusion_reason
FROM node
INNER JOIN component USING (company_id, identifier)
