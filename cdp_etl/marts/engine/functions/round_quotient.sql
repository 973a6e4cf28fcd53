-- The integer nearest to a quotient of integers, half away from zero: 5 / 2 is 3, -5 / 2 is -3, 4 / 3 is 1.
-- Mind: The denominator must be positive. All is integer arithmetic: `//` drops the fraction.
CREATE OR REPLACE TEMPORARY MACRO round_quotient(numerator, denominator) AS -- noqa: CP05
(numerator::HUGEINT + CASE WHEN numerator < 0 THEN -denominator ELSE denominator END // 2) // denominator;
