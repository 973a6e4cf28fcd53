-- A stored row of a person that only gained later days, without statements if subscriptions are read again.
-- Grain: company_id, person_id
-- Inputs: append_only_rows, consent_person
SELECT * REPLACE (NULL AS newest_email_statement, NULL AS newest_phone_statement)
FROM append_only_rows
SEMI JOIN consent_person USING (company_id, person_id)
UNION ALL
SELECT *
FROM append_only_rows
ANTI JOIN consent_person USING (company_id, person_id)
