"""SQL for records that quote text from outside as it came: what such a text holds is no record, whatever it looks like.

A record that quotes ends where the text around the quotation says so, not where the next line looks like a record. The
end is the last line that closes before another record quotes, so that a text that pretends to end does not end.
"""

from __future__ import annotations

from checks.metrics.extraction import KEPT, text_literal
from checks.metrics.log_format import Quotation


def suspicious(quotation: Quotation) -> str:
    """Give a query that is true where a quotation in `kept` has several lines; it looks for fixed strings only."""
    before, after = text_literal(quotation.before), text_literal(quotation.after)
    return f"""
SELECT coalesce(bool_or(contains(line, {after}) <> (starts AND contains(line, {before}))), false) FROM {KEPT}
"""  # noqa: S608 - literals by text_literal


def requoted(quotation: Quotation) -> str:
    """Give a query of `kept` in which lines inside of a quotation begin no record."""
    opens, closes = text_literal(quotation.opens), text_literal(quotation.closes)
    before, after = text_literal(quotation.before), text_literal(quotation.after)
    earlier = "OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    so_far = "OVER (ORDER BY number ROWS UNBOUNDED PRECEDING)"
    return f"""
WITH marked AS (
  SELECT *, starts AND contains(line, {before}) AND regexp_matches(line, {opens}) AS opens,
    contains(line, {after}) AND regexp_matches(line, {closes}) AS ends
  FROM {KEPT}
), seen AS (
  SELECT *, max(CASE WHEN opens THEN number END) {earlier} AS opened,
    max(CASE WHEN ends THEN number END) {earlier} AS closed
  FROM marked
), regions AS (
  SELECT *, max(CASE WHEN opens AND (opened IS NULL OR coalesce(closed >= opened, false)) THEN number END)
    {so_far} AS region
  FROM seen
), bounded AS (
  SELECT *, max(CASE WHEN ends AND (number = region OR NOT opens) THEN number END) OVER (PARTITION BY region) AS last
  FROM regions
), decided AS (
  SELECT number, line, starts AND NOT coalesce(number > region AND number <= last, false) AS starts, next_starts,
    coalesce(number >= region AND number < last, false) AS goes_on
  FROM bounded
)
SELECT number, line, starts, CASE WHEN goes_on AND next_starts THEN false ELSE next_starts END AS next_starts
FROM decided ORDER BY number
"""  # noqa: S608 - literals by text_literal
