-- A node with two smaller neighbours, or with one that has a smaller neighbour itself: its component is no star yet.
-- Grain: company_id, node; a node may occur twice
-- Inputs: edge
SELECT
  company_id,
  upper_node AS node
FROM edge
GROUP BY company_id, upper_node
HAVING count(*) > 1
UNION ALL
SELECT
  edge.company_id,
  edge.upper_node AS node
FROM edge
SEMI JOIN edge AS next_edge
  ON edge.company_id = next_edge.company_id AND edge.lower_node = next_edge.upper_node
