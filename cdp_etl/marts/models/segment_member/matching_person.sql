-- A person and a segment whose condition is true; `segment_member.py` fills the table, by one SELECT per segment.
-- Grain: company_id, segment, person_id
-- Inputs: customer
SELECT
  company_id,
  '' AS segment,
  person_id
FROM customer
WHERE FALSE
