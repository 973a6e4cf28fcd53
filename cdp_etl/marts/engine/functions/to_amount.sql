-- A price, which is a DOUBLE, as an amount with four decimals; null if it does not fit.
-- Mind: From 10^11 on, whole units and fraction are converted apart: their product with 10,000 has no exact DOUBLE.
CREATE OR REPLACE TEMPORARY MACRO to_amount(price) AS -- noqa: CP05
try_cast(
  CASE
    WHEN abs(price) < 100000000000 THEN try_cast(round_number(price * 10000) AS DECIMAL(18, 0)) * 0.0001
    ELSE
      sign(price) * (
        try_cast(floor(abs(price)) AS DECIMAL(18, 0))
        + try_cast(round_number((abs(price) - floor(abs(price))) * 10000) AS DECIMAL(18, 0)) * 0.0001
      )
  END AS DECIMAL(18, 4)
);
