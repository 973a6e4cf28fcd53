-- A contact about which a statement was withdrawn, or that resubscribed: all of its statements are read again.
-- Grain: company_id, contact
-- Inputs: consent_statement, affected
-- Mind: A resubscription can lift the statement that counted, and any unsubscription that is delivered later.
SELECT
  company_id,
  contact
FROM consent_statement
WHERE withdrawn_by_load_seq > getvariable('applied_load_seq')
UNION
SELECT
  company_id,
  contact
FROM consent_statement
SEMI JOIN affected USING (company_id, contact)
WHERE event_type = 'resubscribed'
