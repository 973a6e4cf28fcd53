-- A node with the smallest identifier of its connected component.
-- Grain: company_id, identifier
-- Inputs: node, edge after the last round
SELECT
  node.company_id,
  node.identifier,
  coalesce(edge.lower_node, node.identifier) AS person_id
FROM node
LEFT JOIN edge ON node.company_id = edge.company_id AND node.identifier = edge.upper_node
