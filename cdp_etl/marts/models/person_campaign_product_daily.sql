-- What one person did with one product on one day within the influence of a campaign: after a click, the last one.
-- Grain: company_id, person_id, channel, service_provider, campaign_id, product_sku, activity_date
-- Inputs: interaction, customer_identity
-- Mind: Inferred: the contract links no message to a product. It says that one came after the other, not because of it.
--   Only the newest click before counts, and only if it is at most `influence_days` times 24 hours old.
WITH
clicked AS (
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
  WHERE interaction.action IN ('email_clicked', 'sms_clicked') AND interaction.campaign_id IS NOT NULL
),

-- Of clicks at one moment one decides, in one total order.
click AS (
  SELECT
    company_id,
    person_id,
    occurred_at,
    max(
      row(dump_date, coalesce(system_name, ''), record_id, entity, channel, service_provider, campaign_id)
    ) AS decided
  FROM clicked
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

touch AS (
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

influenced AS (
  SELECT
    touch.company_id,
    touch.person_id,
    touch.product_sku,
    touch.activity_date,
    click.decided[5] AS channel,
    click.decided[6] AS service_provider,
    click.decided[7] AS campaign_id
  FROM touch
  ASOF INNER JOIN click
    ON
      touch.company_id = click.company_id
      AND touch.person_id = click.person_id
      AND touch.occurred_at >= click.occurred_at
  WHERE touch.occurred_at <= click.occurred_at + to_hours(24 * getvariable('influence_days'))
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
FROM influenced
GROUP BY company_id, person_id, channel, service_provider, campaign_id, product_sku, activity_date
