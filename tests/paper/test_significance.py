"""Significance of a difference, and charts."""

import xml.etree.ElementTree as ET

import pytest

from benchmarks.significance import p_value
from benchmarks.svg import Point, chart


@pytest.mark.parametrize(
    ("before", "after", "least", "most"),
    [
        ({"a": (5, 1, 1), "b": (1, 0, 0)}, {"a": (5, 1, 1), "b": (1, 0, 0)}, 1.0, 1.0),
        ({f"a{i}": (0, 1, 1) for i in range(12)}, {f"a{i}": (1, 0, 0) for i in range(12)}, 0.0004, 0.0006),
        ({f"a{i}": (i % 2, 0, 1) for i in range(40)}, {f"a{i}": ((i + 1) % 2, 0, 1) for i in range(40)}, 0.5, 1.0),
        ({}, {"a": (1, 0, 0), "b": (1, 0, 0)}, 0.4, 0.6),
    ],
)
def test_p_values(before, after, least, most):
    p = p_value(before, after)
    assert p is not None and least <= p <= most
    assert p_value(after, before) == pytest.approx(p, abs=0.02)


def test_too_few_articles_have_no_p_value():
    assert p_value({}, {}) is None and p_value({"a": (1, 0, 0)}, {"a": (0, 0, 1)}) is None


def test_a_chart_holds_its_points_and_is_xml():
    points = [Point(0, 50, 48, 52), Point(1000, 60, 60, 60)]
    root = ET.fromstring(chart("F < 1", "steps", "F1", {"a & b": points}))
    texts = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]
    assert {"F < 1", "a & b", "1000", "50", "60"} <= set(texts)
    circles = [element for element in root.iter() if element.tag.endswith("circle")]
    assert len(circles) == len(points) + 1
    assert float(circles[1].get("cy")) < float(circles[0].get("cy")), "more is higher"


def test_a_chart_of_one_value_can_be_drawn():
    ET.fromstring(chart("one", "pooling", "F1", {"a": [Point(0, 50, 50, 50)]}, ["cls"]))
    ET.fromstring(chart("one", "steps", "F1", {"a": [Point(5, 0, 0, 0)]}))
