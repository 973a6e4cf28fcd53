-- A person of whom some contact has stated something: consent by channel.
-- Grain: company_id, person_id
-- Inputs: customer_identity, identifier_link, consent
-- Mind: A person's contacts are those on current records whose customer key is the person's. Shared ones count too.
SELECT
  person.company_id,
  person.person_id,
  bool_and(consent.is_given) FILTER (WHERE consent.channel = 'email') AS has_email_consent,
  bool_and(consent.is_given) FILTER (WHERE consent.channel = 'phone') AS has_phone_consent
FROM customer_identity AS person
INNER JOIN $links AS link USING (company_id, identifier)
INNER JOIN $consents AS consent ON link.company_id = consent.company_id AND link.other_identifier = consent.contact
WHERE link.key_record_count > 0
GROUP BY person.company_id, person.person_id
