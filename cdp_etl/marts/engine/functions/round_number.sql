-- The integer nearest to a DOUBLE, half away from zero, as a DOUBLE.
-- Mind: floor, subtraction and comparison are exact in IEEE 754, so every engine gives the same.
CREATE OR REPLACE TEMPORARY MACRO round_number(number) AS -- noqa: CP05
sign(number) * (floor(abs(number)) + CASE WHEN abs(number) - floor(abs(number)) >= 0.5 THEN 1 ELSE 0 END);
