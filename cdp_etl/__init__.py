"""Daily dumps of a customer data platform in, interaction marts that people trust out."""
