-- The edges after one round of large-star and small-star.
-- Grain: company_id, upper_node, lower_node
-- Inputs: edge
-- Mind: A node is tied to a smaller one only, so the smallest of a component has no edge to a smaller node.
WITH
neighbour AS (
  SELECT
    company_id,
    upper_node AS node,
    lower_node AS other
  FROM edge
  UNION ALL
  SELECT
    company_id,
    lower_node AS node,
    upper_node AS other
  FROM edge
),

smallest_neighbour AS (
  SELECT
    company_id,
    node,
    least(node, min(other)) AS root
  FROM neighbour
  GROUP BY company_id, node
),

-- Each larger neighbour of a node is tied to the smallest of the node and its neighbours.
large_star AS (
  SELECT DISTINCT
    neighbour.company_id,
    neighbour.other AS upper_node,
    smallest_neighbour.root AS lower_node
  FROM neighbour
  INNER JOIN smallest_neighbour
    ON neighbour.company_id = smallest_neighbour.company_id AND neighbour.node = smallest_neighbour.node
  WHERE neighbour.other > neighbour.node
),

smallest AS (
  SELECT
    company_id,
    upper_node,
    min(lower_node) AS lower_node
  FROM large_star
  GROUP BY company_id, upper_node
)

-- A node and its smaller neighbours are tied to the smallest of them.
SELECT
  company_id,
  upper_node,
  lower_node
FROM smallest
UNION DISTINCT
SELECT
  large_star.company_id,
  large_star.lower_node AS upper_node,
  smallest.lower_node
FROM large_star
INNER JOIN smallest
  ON large_star.company_id = smallest.company_id AND large_star.upper_node = smallest.upper_node
WHERE large_star.lower_node > smallest.lower_node
