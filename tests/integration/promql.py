"""The metrics and labels that PromQL expressions use, read with Prometheus' own grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import promql_parser

BY_PROMETHEUS = frozenset({"instance", "job"})
"""Labels that Prometheus adds to every target it scrapes."""

_VARIABLES = re.compile(r"\$__(rate_interval|interval|range)")


def parsed(expression: str) -> Any:
    """Fill in Grafana's duration variables and parse. Raises ValueError when Prometheus would refuse the expression."""
    return promql_parser.parse(_VARIABLES.sub("5m", expression))


def mistakes(expression: str, known: Mapping[str, AbstractSet[str]]) -> list[str]:
    """What the expression uses and does not exist; `known` holds the labels of each metric by its sample's name."""
    return list(_check(parsed(expression), known))


def metrics_of(expression: Any) -> set[str]:
    """The metrics below a node."""
    return {str(node.name) for node in _nodes(expression) if isinstance(node, promql_parser.VectorSelector)}


def _check(expression: Any, known: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
    if not metrics_of(expression):
        yield "it uses no metric"
    for node in _nodes(expression):
        there = BY_PROMETHEUS.union(*(known.get(name, frozenset()) for name in metrics_of(node)))
        if isinstance(node, promql_parser.VectorSelector):
            if node.name not in known:
                yield f"there is no metric {node.name}"
            used = [one.name for one in node.matchers.matchers]
        elif isinstance(node, promql_parser.AggregateExpr):
            used = list(node.modifier.labels) if node.modifier else []
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier:
            used = [
                *(node.modifier.matching.labels if node.modifier.matching else ()),
                *(node.modifier.group_labels or ()),
            ]
        else:
            continue
        for label in used:
            if label not in there:
                yield f"{sorted(metrics_of(node))} has no label {label}"


def _nodes(expression: Any) -> list[Any]:
    found: list[Any] = []

    def visit(node: Any) -> bool:
        found.append(node)
        return True

    promql_parser.walk(expression, pre_visit=visit)
    return found
