-- INFERRED last-touch attribution: interactions of one person with one product on one day after a campaign click.
-- Grain: company_id, person_id, channel, service_provider, campaign_id, product_sku, activity_date
-- Inputs: interaction, customer_identity
-- Mind: The contract links no message to a product: an interaction followed the click, the click need not be the cause.
--   Only the last click before the interaction counts, and only within `influence_days` times 24 hours. A click of the
--   same millisecond is before it. A click in a message without a campaign is passed over: the click before it counts.
WITH
click_event AS (
  SELECT
    interaction.company_id,
    person.person_id,
    interaction.occurred_at,
    interaction.dump_date,
    interaction.system_name,
    interaction.record_id,
    interaction.entity,
    interaction.channel,
    interaction.service_provider,
    interaction.campaign_id
  FROM interaction
  INNER JOIN customer_identity AS person
    ON interaction.company_id = person.company_id AND interaction.customer_key = person.identifier
  WHERE interaction.event_type = 'clicked' AND interaction.campaign_id IS NOT NULL
),

-- If a person has several clicks at one timestamp, a total order selects one.
click AS (
  SELECT
    company_id,
    person_id,
    occurred_at,
    max(
      row(dump_date, coalesce(system_name, ''), record_id, entity, channel, service_provider, campaign_id)
    ) AS deciding
  FROM click_event
  GROUP BY company_id, person_id, occurred_at
),

clicker AS (
  SELECT
    person.company_id,
    person.person_id,
    person.identifier
  FROM customer_identity AS person
  SEMI JOIN click USING (company_id, person_id)
),

candidate AS (
  SELECT
    interaction.company_id,
    clicker.person_id,
    interaction.occurred_at,
    interaction.activity_date,
    interaction.product_sku
  FROM interaction
  INNER JOIN clicker
    ON interaction.company_id = clicker.company_id AND interaction.customer_key = clicker.identifier
  WHERE interaction.product_sku IS NOT NULL
),

attributed AS (
  SELECT
    candidate.company_id,
    candidate.person_id,
    candidate.product_sku,
    candidate.activity_date,
    click.deciding[5] AS channel,
    click.deciding[6] AS service_provider,
    click.deciding[7] AS campaign_id
  FROM candidate
  ASOF INNER JOIN click
    ON
      candidate.company_id = click.company_id
      AND candidate.person_id = click.person_id
      AND candidate.occurred_at >= click.occurred_at
  WHERE candidate.occurred_at <= click.occurred_at + to_hours(24 * getvariable('influence_days'))
)

SELECT
  company_id,
  person_id,
  channel,
  service_provider,
  campaign_id,
  product_sku,
  activity_date,
  count(*) AS interaction_count
FROM attributed
GROUP BY company_id, person_id, channel, service_provider, campaign_id, product_sku, activity_date
