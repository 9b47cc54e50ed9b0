from __future__ import annotations

import pytest

from tests.integration.pipeline.comparison.comparison_case import ComparisonCase
from tests.integration.pipeline.evaluation_case import EvaluationCase


@pytest.fixture
def comparison(case: EvaluationCase) -> ComparisonCase:
    return ComparisonCase(case)
