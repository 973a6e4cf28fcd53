-- A person whose subscriptions are read again: a subscription changed, or the person is recomputed in full.
-- Grain: company_id, person_id
-- Inputs: customer_identity, affected, append_only_rows
SELECT
  company_id,
  person_id
FROM $identities_of_changed_subscription
UNION
SELECT
  company_id,
  person_id
FROM affected
ANTI JOIN append_only_rows USING (company_id, person_id)
