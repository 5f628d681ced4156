"""docs/costs.md counts what the templates hold."""

from bench.costs.census import census
from bench.costs.recorded import recorded
from tests.synthesized import Assembly


def test_the_page_counts_the_templates_of_production(prod: Assembly) -> None:
    assert census(prod.templates) == recorded().census, "the templates changed: run `make costs`"
