-- The person that an identifier stands for: who occurs together on current records is one person.
-- Grain: company_id, identifier
-- Inputs: identifier_link
-- Mind: `person_id` is the smallest identifier of the person, customer ids before e-mail addresses before phones. It is
--   a function of the person's identifiers alone: it changes when persons merge or split, and only then.
--   An identifier that does not link is a person of its own; `exclusion_reason` says why.
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
