-- A node with the smallest identifier of its connected component.
-- Grain: company_id, identifier
-- Inputs: numbered_node, labels of the components by number
WITH
labelled AS (
  SELECT
    numbered_node.company_id,
    numbered_node.identifier,
    component_label.label
  FROM numbered_node
  INNER JOIN component_label USING (number)
),

person AS (
  SELECT
    label,
    min(identifier) AS person_id
  FROM labelled
  GROUP BY label
)

SELECT
  labelled.company_id,
  labelled.identifier,
  person.person_id
FROM labelled
INNER JOIN person USING (label)
